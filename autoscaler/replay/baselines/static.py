"""The fleet that is bought once: the peak of the past and a margin. It never moves."""

from math import ceil
from typing import ClassVar

import numpy as np

from autoscaler.core.cluster import Fleet
from autoscaler.replay.baselines.baseline import Readings, Setup

MARGIN = 0.10
LOOK_BACK_S = 21 * 86_400.0
STEP_S = 60.0


class Static:
    """Peak of history and 10 %; nodes are ordered once and kept."""

    name: ClassVar[str] = "static"
    nodes_follow: ClassVar[bool] = False

    def __init__(self, setup: Setup) -> None:
        self._past = setup.past
        self._servers: int | None = None

    def decide(self, at: float, readings: Readings, servers: Fleet) -> int:
        if self._servers is None:
            work = self._past(at - LOOK_BACK_S, at, STEP_S)
            measured = work[~np.isnan(work)]
            peak = float(measured.max()) if measured.size else 0.0
            # Without a past there is nothing to size by: keep what is there.
            self._servers = ceil(peak * (1.0 + MARGIN) - 1e-9) or servers.desired
        return self._servers
