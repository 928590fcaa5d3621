"""Values as people type them."""

import pytest

from autoscaler.settings import units

DURATIONS = [("30s", 30), ("10m", 600), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400), ("7d", 604_800),
             ("2 h 5 min", 7500), ("0", 0), (0, 0), ("1W", 604_800)]  # fmt: skip


@pytest.mark.parametrize("text, expected", DURATIONS, ids=[str(d[0]) for d in DURATIONS])
def test_a_duration_is_read(text: object, expected: float) -> None:
    assert units.seconds(text) == pytest.approx(expected)


REFUSED = [
    (30, "30 has no unit; say 30s, 30m or 30h"),
    ("30", "30 has no unit"),
    ("-5m", "is not a duration"),
    ("5 minutes", "'minutes' in '5 minutes' is not a unit of time"),
    ("soon", "is not a duration"),
    ("5m!", "is not a duration"),
    (True, "is not a duration"),
    (float("nan"), "'nan' is not a duration"),
]


@pytest.mark.parametrize("text, message", REFUSED, ids=[str(r[0]) for r in REFUSED])
def test_what_is_no_duration_is_refused_with_what_would_be_right(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        units.seconds(text)


def test_auto_is_no_number() -> None:
    assert units.seconds_or_auto("auto") is None
    assert units.seconds_or_auto("30m") == 1800
    with pytest.raises(ValueError, match="or auto"):
        units.seconds_or_auto("never")


def test_sizes_and_rates_have_units() -> None:
    assert units.gigabytes("140GB") == 140
    assert units.gigabytes("1GiB") == pytest.approx(1.073741824)
    assert units.gigabytes_per_second("500MB/s") == 0.5
    for wrong, message in (("140", "say 140GB"), ("140Gb", "not a unit of size"), ("big", "is not a size")):
        with pytest.raises(ValueError, match=message):
            units.gigabytes(wrong)
    with pytest.raises(ValueError, match="is not a rate"):
        units.gigabytes_per_second("2GB")


def test_a_share_may_be_a_percentage() -> None:
    assert units.share("99%") == units.share(0.99) == 0.99
    with pytest.raises(ValueError, match=r"99 is more than 1; say 99% or 0.99"):
        units.share(99)
    with pytest.raises(ValueError, match="is not a share"):
        units.share("most")


@pytest.mark.parametrize(
    "value, shown", [(5400, "1h30m"), (90, "1m30s"), (0, "0s"), (0.25, "250ms"), (86_400, "1d")]
)
def test_a_duration_is_shown_as_it_would_be_typed(value: float, shown: str) -> None:
    assert units.show_seconds(value) == shown
    assert units.seconds(shown) == value
