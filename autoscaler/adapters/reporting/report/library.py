"""The chart library, read from its installed package without importing it: it would import IPython."""

from functools import cache
from importlib.metadata import PackageNotFoundError, files

PACKAGE = "uplot-python"
SCRIPT = "uplot/static/uPlot.iife.js"
STYLE = "uplot/static/uPlot.min.css"


class ReportError(RuntimeError):
    """A report that cannot be written: one line that says what is missing."""


@cache
def library_file(name: str) -> str:
    """The text of one file of the chart library."""
    try:
        found = [file for file in files(PACKAGE) or [] if str(file) == name]
    except PackageNotFoundError as error:
        raise ReportError(
            f"the HTML report needs the package {PACKAGE}: pip install 'headway[report]'"
        ) from error
    if not found:
        raise ReportError(f"{PACKAGE} is installed without {name}: pip install --force-reinstall {PACKAGE}")
    return found[0].read_text()
