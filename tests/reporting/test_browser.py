"""The report in a real browser: it draws, it stays in its width, it answers the pointer."""

import shutil

import pytest

from autoscaler.adapters.reporting.report import render
from tests.reporting.pages import a_report
from tests.reporting.test_frontiers import a_page

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
SIZES = [(1440, 900), (390, 844)]
DRAWN = """() => [...document.querySelectorAll("canvas")].map((canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.some((value) => value !== 0);
})"""

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: install chromium to see that the report draws"),
]


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="NO PLAYWRIGHT: pip install 'headway[browser]' to drive the browser"
    )
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(a_report(why="Because a crowd came.")), encoding="utf-8")
    return path


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids=str)
def page(request, browser, file):
    (width, height), scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.errors = []
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"file://{file}")
    page.wait_for_selector("canvas")
    yield page
    context.close()


def test_every_chart_draws_without_an_error(page):
    drawn = page.evaluate(DRAWN)
    assert len(drawn) == 2 * 4 + 1
    assert all(drawn)
    assert not page.errors


def test_nothing_is_wider_than_the_window(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pointing_at_a_move_says_why(page):
    over = page.locator(".u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    for share in range(2, 98):
        page.mouse.move(box["x"] + box["width"] * share / 100, box["y"] + 40)
        if page.locator("#tip").is_visible():
            break
    assert "Because a crowd came." in page.locator("#tip").inner_text()
    assert not page.errors


def test_a_day_and_all_zoom_every_chart(page):
    def axis():
        return page.evaluate("[...document.querySelectorAll('nav.range button')].map(b => b.ariaPressed)")

    page.locator("nav.range button").nth(2).click()
    assert axis().index("true") == 2
    page.locator("nav.range button").first.click()
    assert axis().index("true") == 0
    assert not page.errors


def test_the_list_of_moves_opens(page):
    page.locator("summary").first.click()
    page.wait_for_selector(".moves li")
    assert page.locator(".moves li").first.inner_text().count("→") == 1
    assert not page.errors


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_frontiers_draw_within_the_window_and_answer_the_pointer(browser, tmp_path, size):
    path = tmp_path / "bench.html"
    path.write_text(a_page(), encoding="utf-8")
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"file://{path}")
    page.wait_for_selector("canvas")
    assert all(page.evaluate(DRAWN))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    over = page.locator(".u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    for x in range(0, int(box["width"]), 8):
        page.mouse.move(box["x"] + x, box["y"] + 20)
        if page.locator("#tip").is_visible():
            break
    assert "hpa" in page.locator("#tip").inner_text()
    assert not errors
    context.close()
