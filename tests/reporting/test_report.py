"""The page: self-contained, safe, small; long rows keep their peaks."""

import json
import re

import numpy as np
import pytest

from autoscaler.adapters.reporting.report import library, render
from autoscaler.adapters.reporting.report.library import ReportError, library_file
from autoscaler.adapters.reporting.report.series import MOST_MARKS, workload_plain
from autoscaler.adapters.reporting.report.thin import MOST, thinned
from tests.reporting.pages import a_report


@pytest.fixture(scope="module")
def page() -> str:
    return render(a_report(why="2 < 3 </script><b>&amp; so on"))


def values_of(page: str) -> dict:
    (text,) = re.findall(r'<script id="values" type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def test_the_page_needs_no_network(page):
    assert not re.findall(r"<[a-z]+[^>]*\s(?:src|href)=|@import|url\(", page)
    assert "uPlot" in page


def test_values_cannot_end_the_script_they_stand_in(page):
    assert page.count("</script>") == 3
    assert values_of(page)["workloads"][0]["marks"][0][4] == "2 < 3 </script><b>&amp; so on"


def test_titles_are_escaped():
    report = a_report()
    object.__setattr__(report, "title", "<img onerror=1>")
    assert "<img" not in render(report)


def test_the_page_holds_what_was_asked_for(page):
    for text in (
        "a week",
        "Headway served 99.31\u00a0%",
        "The least: 100",
        "HPA v2",
        "<dt>seed</dt><dd>1</dd>",
    ):
        assert text in page
    assert page.count('<tr class="best">') == 1
    assert page.count("✗</span> 97.00 %") == 1


def test_the_page_is_small(page):
    assert len(page) < 900_000
    section = values_of(page)["workloads"][0]
    assert section["points"] <= MOST
    assert {len(row) for row in section["rows"].values()} == {section["points"]}


def test_thinning_keeps_every_peak_and_every_gap():
    row = np.zeros(10_000)
    row[[17, 5_000]] = 9.0
    row[7_000:8_000] = np.nan
    grid, short = thinned(100.0, 60.0, {"row": row})
    kept = short["row"]
    assert grid.points == len(kept) <= MOST
    assert grid.start == 100.0
    assert grid.step * grid.points == pytest.approx(600_000.0, rel=0.01)
    assert np.nanmax(kept) == 9.0
    assert (kept == 9.0).sum() == 2
    assert np.isnan(kept).mean() == pytest.approx(0.1, abs=0.01)


def test_a_short_row_stays_as_it_is():
    row = np.arange(10.0)
    grid, short = thinned(0.0, 60.0, {"row": row})
    assert grid == (0.0, 60.0, 10)
    assert short["row"] is row


def test_too_many_moves_are_cut_and_counted():
    report = a_report("chat")
    section = report.workloads[0]
    object.__setattr__(section, "moves", list(section.moves) * 100)
    plain = workload_plain(section)
    assert len(plain["marks"]) == MOST_MARKS
    assert plain["left_out"] == len(section.moves) - MOST_MARKS


def test_without_the_chart_library_one_line_says_what_to_install(monkeypatch):
    def missing(name):
        raise library.PackageNotFoundError(name)

    monkeypatch.setattr(library, "files", missing)
    library_file.cache_clear()
    with pytest.raises(ReportError, match=re.escape("pip install 'headway[report]'")):
        render(a_report())
    library_file.cache_clear()
