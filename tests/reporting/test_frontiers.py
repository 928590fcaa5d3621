"""The page of the benchmark stands alone, and nothing in it breaks out of its place."""

import json
import re

from autoscaler.adapters.reporting.frontiers import Chart, Curve, Dot, Page, Table, render

HOSTILE = "</script><b>&"


def a_page(name: str = "smooth") -> str:
    curve = Curve("Headway", "headway", "asked for", [(1.1, 98.0, 0.95), (1.2, 99.5, 0.99)])
    return render(
        Page(
            title="Decision quality",
            headline="1 of 2 goals met.",
            about=["`headway bench` and [more](bench.md)."],
            tables=[
                Table("Goals", ["A **note**."], ["goal", ""], [[name, "met"]]),
                Table("Costs", [], ["series"], [[name]]),
            ],
            charts=[Chart(name, "held out", 99.0, [curve], [Dot("hpa", 1.5, 100.0)])],
        )
    )


def test_the_page_needs_no_network_and_no_other_file():
    page = a_page()
    assert not re.findall(r"(?:src|href)=|url\(|@import|fetch\(", page.replace('href="#', ""))
    assert "<code>headway bench</code> and more." in page
    assert "A <b>note</b>." in page


def test_the_goals_come_before_the_charts_and_the_other_tables_after_them():
    page = a_page()
    assert page.index("<h2>Goals</h2>") < page.index('id="charts"') < page.index("<h2>Costs</h2>")


def test_values_are_read_back_as_they_were():
    values = re.search(r'<script id="values" type="application/json">(.*?)</script>', a_page(), re.DOTALL)
    assert values is not None
    (chart,) = json.loads(values[1])
    assert chart["dots"] == [{"name": "hpa", "cost": 1.5, "attainment": 100.0}]
    assert chart["curves"][0]["points"] == [[1.1, 98.0, 0.95], [1.2, 99.5, 0.99]]


def test_a_hostile_name_stays_a_name():
    page = a_page(HOSTILE)
    assert HOSTILE not in page
    assert page.count("<script") == page.count("</script>") == 3
