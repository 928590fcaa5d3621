"""The notebooks run from top to bottom on formulas, define nothing and are kept without outputs."""

import ast

import nbformat
import pytest

from scripts.run_notebooks import ROOT, run

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["01_demand", "02_forecasters", "03_replay"]


@notebooks
def test_it_defines_nothing(path):
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    nodes = [node for cell in code(path) for node in ast.walk(ast.parse(cell.source))]
    assert not [ast.unparse(node) for node in nodes if isinstance(node, definitions)]


@notebooks
def test_it_is_kept_without_outputs(path):
    assert not [cell.source for cell in code(path) if cell.outputs or cell.execution_count]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@notebooks
def test_it_runs_from_top_to_bottom(path, monkeypatch):
    monkeypatch.delenv("HEADWAY_TRACES", raising=False)
    shown = [output for cell in run(path).cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in shown)
    assert any("formula" in output.get("text", "") for output in shown)
