"""Imports point inwards, and the heavy ones wait until they are needed."""

import os
import subprocess
import sys

from tests.architecture.source import ROOT

HEAVY = {
    "apscheduler",
    "joblib",
    "kubernetes",
    "matplotlib",
    "numpy",
    "pandas",
    "prometheus_api_client",
    "pydantic",
    "scipy",
    "statsmodels",
}

ASK_FOR_HELP = """
import sys
sys.argv = ["headway", "--help"]
from autoscaler.cli import main
try:
    main()
finally:
    print("LOADED", *{name.partition(".")[0] for name in sys.modules})
"""

LOAD_CONTROLLER = """
import sys
import autoscaler.control.controller
print("LOADED", *{name.partition(".")[0] for name in sys.modules})
"""

CHECK_CONTRACTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def loaded_by(program: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.rpartition("LOADED ")[2].split())


def test_the_import_contracts_are_kept():
    run = subprocess.run(
        [sys.executable, "-c", CHECK_CONTRACTS, "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_asking_for_help_loads_nothing_heavy():
    assert not loaded_by(ASK_FOR_HELP) & HEAVY


def test_the_controller_itself_never_loads_pandas_or_statsmodels():
    assert not loaded_by(LOAD_CONTROLLER) & {"pandas", "scipy", "statsmodels"}
