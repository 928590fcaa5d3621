"""Whatever is typed, the answer is a policy or a mistake in words; never a traceback."""

from contextlib import suppress
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from autoscaler.settings import SettingsError, parse
from autoscaler.settings.keys import every_key

NAMES = sorted(
    {path.rpartition(".")[2].removesuffix("[]") for path in every_key()} | {"chat", "h100", "nonsense"}
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["30m", "0s", "-1h", "99%", "140GB", "2GB/s", "auto", "h100", "0 8 * * mon-fri", "* * * * *"]
    ),
)
TREES = st.recursive(
    VALUES,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=12,
)
FILES = st.fixed_dictionaries(
    {
        "workloads": TREES | st.fixed_dictionaries({"chat": st.dictionaries(st.sampled_from(NAMES), TREES)}),
        "pools": TREES | st.fixed_dictionaries({"h100": st.dictionaries(st.sampled_from(NAMES), TREES)}),
    },
    optional={"policy": TREES},
)


def mistakes(text: str) -> tuple[str, ...]:
    try:
        parse(text)
    except SettingsError as error:
        return error.lines or ("",)
    return ()


@given(FILES)
def test_any_tree_is_a_policy_or_mistakes_of_one_line_each(tree: dict[str, Any]) -> None:
    for line in mistakes(yaml.safe_dump(tree, allow_unicode=True)):
        assert len(line.splitlines()) == 1


@given(st.text())
@example("x: 2026-13-01")
@example("[" * 2_000)
@example("\x1f")
@example("workloads: {? [a] : b}")
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(SettingsError):
        parse(text)
