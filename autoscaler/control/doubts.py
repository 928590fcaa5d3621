"""What is believed of each forecast, as time tells: trust by what it would have cost, and collapses.

Each step it remembers what the forecast and the reactive rule ask for, and judges both when that moment has
come.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from autoscaler.core.history import History
from autoscaler.core.trust import Trust, judged
from forecasting.series import FloatArray

DAY, HOUR = 86_400.0, 3_600.0
BELIEVED = 0.5
DEEP = 0.5  # of the least of the last day: further down than that is a collapse
LATELY_S = 1_800.0  # which is not part of that day


class _Asked(NamedTuple):
    end: float  # of the step it was asked for
    forecast: float
    rule: float


class Doubts:
    def __init__(self, names: Sequence[str], kept: Mapping[str, float]) -> None:
        self.trust = {name: Trust(kept[name]) if name in kept else Trust() for name in names}
        self.told: list[str] = []  # what an operator should hear: trust lost, and regained
        self._asked: dict[str, deque[_Asked]] = {name: deque(maxlen=512) for name in names}
        self._held: dict[str, deque[_Asked]] = {name: deque() for name in names}
        self._since: dict[str, float] = {}  # when each collapse began

    def ask(self, name: str, end: float, forecast: float, rule: float) -> None:
        self._asked[name].append(_Asked(end, forecast, rule))

    def judge(
        self,
        history: History,
        usual: Mapping[str, float],
        hold_s: Mapping[str, float],
        late: Mapping[str, float],
    ) -> None:
        """Hold what was asked for beside what came; what was asked for a little earlier is still there."""
        for row, name in enumerate(history.names):
            asked, held, trust = self._asked[name], self._held[name], self.trust[name]
            while asked and asked[0].end <= history.end + 0.5 * history.step:
                one = asked.popleft()
                while held and held[-1].end > one.end:
                    held.pop()  # the clock went back
                held.append(one)
                while held[0].end < one.end - hold_s[name]:
                    held.popleft()
                if history.start < one.end:
                    came = float(history.need_at(one.end)[row])
                    if came == came:
                        forecast, rule = max(h.forecast for h in held), max(h.rule for h in held)
                        trust = judged(trust, forecast, rule, came, usual.get(name, 0.0), late[name])
            self._tell(name, trust)
            self.trust[name] = trust

    def _tell(self, name: str, now: Trust) -> None:
        before = self.trust[name].weight
        if now.weight < BELIEVED <= before:
            self.told.append(
                f"forecast: that of {name} is not trusted: the reactive rule would have cost less"
            )
        elif before < BELIEVED <= now.weight:
            self.told.append(f"forecast: that of {name} is trusted again")

    def collapsed(self, name: str, need: float, least: float, at: float) -> bool:
        """Whether demand fell far below the least of the last day: for an hour at most, and while trusted."""
        if not need < DEEP * least:
            self._since.pop(name, None)
            return False
        since = self._since.setdefault(name, at)
        return at - since < HOUR and self.trust[name].weight >= BELIEVED


def least_of_day(history: History) -> FloatArray:
    """The least requirement of each row over the last day, the last half hour left out; NaN: not known."""
    lately, day = round(LATELY_S / history.step), round(DAY / history.step)
    panel = history.panel()
    values = panel.values[:, max(panel.steps - day, 0) : max(panel.steps - lately, 0)]
    if values.shape[1] < 0.5 * day:
        return np.full(panel.rows, np.nan)
    least: FloatArray = np.fmin.reduce(values, axis=1, initial=np.inf)
    return least
