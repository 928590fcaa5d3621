"""The extreme of what was said in the last so many seconds."""

from collections import deque


class Highest:
    """The highest of the counts added within a window. A count exactly as old as the window has left it."""

    __slots__ = ("_kept", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # Ever lower towards the newest, so that the first is the answer.
        self._kept: deque[tuple[float, float]] = deque()

    def add(self, at: float, count: float) -> float:
        kept = self._kept
        while kept and kept[-1][1] <= count:
            kept.pop()
        kept.append((at, count))
        while kept[0][0] <= at - self._seconds and len(kept) > 1:
            kept.popleft()
        return kept[0][1]


class Mean:
    """The mean of the values added within a window; None when there is none."""

    __slots__ = ("_kept", "_seconds", "_total")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: deque[tuple[float, float]] = deque()
        self._total = 0.0

    def add(self, at: float, measured: float) -> None:
        self._kept.append((at, measured))
        self._total += measured

    def at(self, at: float) -> float | None:
        kept = self._kept
        while kept and kept[0][0] <= at - self._seconds:
            self._total -= kept.popleft()[1]
        if not kept:
            self._total = 0.0  # what rounding left must not stay for ever
            return None
        return max(self._total, 0.0) / len(kept)
