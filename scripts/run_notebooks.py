"""Run every notebook from top to bottom and keep what it shows under out/notebooks.

A cell that fails ends the run with its traceback. The notebooks themselves stay as they are, without outputs.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).parents[1]
SHOWN = ROOT / "out" / "notebooks"
BY_FILE = Config({"KernelManager": {"transport": "ipc"}})  # the kernel opens no network port


def run(path: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs, run by this very Python from the root of the repository."""
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(ROOT)}}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where, config=BY_FILE)
    return client.execute()


def main(names: list[str]) -> None:
    SHOWN.mkdir(parents=True, exist_ok=True)
    for path in sorted(map(Path, names) if names else (ROOT / "notebooks").glob("*.ipynb")):
        started = time.monotonic()
        nbformat.write(run(path), SHOWN / path.name)
        print(
            f"{path.name}: {time.monotonic() - started:.0f} s, shown in {SHOWN.relative_to(ROOT) / path.name}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
