from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.forecast import Forecast
from forecasting.limits import Limited, LimitedForecaster, judge
from forecasting.series import FloatArray
from tests.forecasting.panels import STEP, a_panel

LEVELS = (0.5, 0.97)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A method that says what it was told to."""

    paths: FloatArray
    name: str = "liar"
    memory: int = 1

    def fit(self, history):
        return self

    def forecast(self, recent, horizon, levels):
        return Forecast(
            origin=recent.end, step=recent.step, levels=LEVELS, paths=self.paths, method=self.name
        )


def said(paths, *, history=(1.0, 2.0, 3.0)):
    panel = a_panel(history)
    paths = np.asarray(paths, dtype=np.float64).reshape(2, 1, -1)
    limited = LimitedForecaster(inner=Saying(paths=paths)).fit(panel)
    return limited.forecast(panel, STEP, LEVELS)


def test_what_can_be_passes_untouched():
    forecast = said([2.0, 9.0])
    assert forecast.paths[:, 0, 0].tolist() == [2.0, 9.0]
    assert forecast.method == "liar"


@pytest.mark.parametrize("nonsense", [np.nan, -1.0, np.inf, 31.0])
def test_nonsense_is_refused_by_name_and_a_guess_put_in_its_place(nonsense):
    forecast = said([2.0, nonsense])
    assert forecast.method == "liar (0 refused)"
    assert forecast.paths[0, 0, 0] == pytest.approx(3.0)
    assert 3.0 < forecast.paths[1, 0, 0] < 6.0


def test_crossing_quantiles_are_put_in_order():
    forecast = said([5.0, 2.0])
    assert forecast.paths[:, 0, 0].tolist() == [2.0, 5.0]
    assert forecast.method == "liar"


def test_a_wrong_number_of_rows_is_refused_whole():
    panel = a_panel([[1.0, 2.0], [3.0, 4.0]])
    limited = LimitedForecaster(inner=Saying(paths=np.ones((2, 5, 3)))).fit(panel)
    forecast = limited.forecast(panel, STEP, LEVELS)
    assert forecast.paths.shape == (2, 2, 3)
    assert forecast.paths[0, :, 0] == pytest.approx([2.0, 4.0])


def test_a_new_record_widens_what_can_be():
    panel = a_panel([1.0, 2.0, 3.0])
    limited = LimitedForecaster(inner=Saying(paths=np.array([40.0, 50.0]).reshape(2, 1, 1))).fit(panel)
    surge = a_panel([1.0, 2.0, 3.0, 20.0])
    assert limited.forecast(surge, STEP, LEVELS).method == "liar"


def test_one_bad_row_leaves_the_others():
    panel = a_panel([[1.0, 2.0], [3.0, 4.0]])
    paths = np.array([[[1.0], [np.nan]], [[2.0], [np.nan]]])
    forecast = Limited(inner=Saying(paths=paths), greatest=np.array([2.0, 4.0])).forecast(panel, STEP, LEVELS)
    assert forecast.paths[:, 0, 0].tolist() == [1.0, 2.0]
    assert forecast.method == "liar (1 refused)"


@given(arrays(np.float64, (3, 2, 4), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_whatever_is_not_refused_can_be(paths):
    judged = judge(paths, (3, 2, 4), np.array([10.0, 100.0]))
    kept = judged.paths[:, ~judged.refused]
    assert np.isfinite(kept).all()
    assert (kept >= 0).all()
    assert (kept <= np.array([10.0, 100.0])[~judged.refused][None, :, None]).all()
    assert (np.diff(kept, axis=0) >= 0).all()


@given(arrays(np.float64, (3, 2, 4), elements=st.floats(0, 10)))
def test_what_can_be_is_never_refused(paths):
    assert not judge(np.sort(paths, axis=0), (3, 2, 4), np.array([10.0, 10.0])).refused.any()
