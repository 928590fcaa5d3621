"""Wall and virtual time. The only file that asks the machine what time it is."""

from datetime import UTC, datetime


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """Time that moves when it is told to."""

    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._at, UTC)

    def move_to(self, at: float) -> None:
        self._at = at
