import numpy as np
import pytest

from forecasting.forecast import Forecast
from forecasting.series import Panel
from tests.forecasting.panels import a_panel


def test_a_panel_knows_its_grid():
    panel = a_panel([[1, 2, 3], [4, 5, 6]], start=600.0, step=60.0)
    assert (panel.rows, panel.steps, panel.end) == (2, 3, 780.0)


def test_the_last_steps_begin_later_and_are_a_view():
    panel = a_panel([1, 2, 3, 4], start=600.0, step=60.0)
    last = panel.last(2)
    assert last.start == 720.0
    assert last.end == panel.end
    assert last.values.tolist() == [[3, 4]]
    assert np.shares_memory(last.values, panel.values)
    assert panel.last(9).steps == 4
    assert panel.last(0).steps == 0


@pytest.mark.parametrize(
    "instant, steps", [(599.0, 0), (659.9, 0), (660.0, 1), (719.0, 1), (780.0, 3), (9999.0, 3)]
)
def test_until_keeps_only_steps_that_have_ended(instant, steps):
    panel = a_panel([1, 2, 3], start=600.0, step=60.0)
    assert panel.until(instant).steps == steps
    assert panel.until(instant).start == 600.0


def test_until_survives_rounding_of_late_instants():
    start = 1_763_690_000.1
    panel = a_panel(np.arange(1000.0), start=start, step=0.1)
    assert panel.until(start + 0.1 * 7).steps == 7


def test_a_row_is_a_panel_of_one():
    panel = a_panel([[1, 2], [3, 4]])
    assert panel.row(1).values.tolist() == [[3, 4]]
    assert panel.row(-1).values.tolist() == [[3, 4]]


def test_what_is_no_panel_is_refused():
    with pytest.raises(ValueError, match="dimension"):
        Panel(start=0.0, step=60.0, values=np.zeros(3))
    with pytest.raises(ValueError, match="longer than nothing"):
        a_panel([1.0], step=0.0)


def a_forecast():
    """Five steps of a minute from 600 on; the .9 path is ten times the median."""
    path = np.array([1.0, 2.0, 5.0, 3.0, 1.0])
    paths = np.stack([path[None], 10 * path[None]])
    return Forecast(origin=600.0, step=60.0, levels=(0.5, 0.9), paths=paths, method="by hand")


@pytest.mark.parametrize(
    "start, end, level, peak, why",
    [
        (600, 660, 0.5, 1.0, "one step"),
        (600, 661, 0.5, 2.0, "a step that is only touched counts"),
        (659.9, 720, 0.5, 2.0, "and so does one that has nearly ended"),
        (660, 900, 0.9, 50.0, "the greatest of all"),
        (780, 900, 0.5, 3.0, "after the peak"),
        (600, 900, 0.7, 27.5, "half way between two levels"),
        (600, 900, 0.99, 50.0, "above the levels the highest answers"),
        (600, 900, 0.1, 5.0, "below them the lowest"),
        (100, 200, 0.5, 1.0, "before the first step, the first"),
        (5000, 6000, 0.5, 1.0, "beyond the last step, the last"),
        (660, 660, 0.5, 2.0, "an instant is the step it falls in"),
    ],
)
def test_the_peak_between_two_instants(start, end, level, peak, why):
    assert a_forecast().peak(start, end, level) == pytest.approx(peak), why


def test_the_peak_is_not_moved_by_rounding():
    late = Forecast(
        origin=1e9 + 0.1, step=60.0, levels=(0.5,), paths=np.array([[[1.0, 2.0, 9.0]]]), method="by hand"
    )
    assert late.peak(1e9 + 0.1, 1e9 + 0.1 + 60 * 2 + 1e-7, 0.5) == 2.0
