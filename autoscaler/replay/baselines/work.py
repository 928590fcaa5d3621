"""How much work a request brings, learned from what was served. Token counters see no queue, requests do."""

from autoscaler.core.observation import ARRIVALS, MISSING, OUTPUT_TOKENS, PROMPT_TOKENS, WAITING
from autoscaler.core.profile import Profile
from autoscaler.replay.baselines.baseline import Readings, value


class RequestWork:
    """Server-seconds of a request; those of a usual one until tokens were measured.

    Served requests are arrivals less what the queue gained: of 12 a second that arrive while 2 a second join
    the queue, 10 brought the tokens that were counted.
    """

    __slots__ = ("_profile", "_step", "_waiting", "seconds")

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._step: float | None = None
        self._waiting = 0.0
        self.seconds = profile.usual_work

    def learn(self, readings: Readings) -> float | None:
        """Look at the newest step of the rates, once: its arrivals a second, or None when it is not new."""
        arrivals, at, _ = readings.get(ARRIVALS, MISSING)
        waiting = value(readings, WAITING)
        if arrivals is None or waiting is None or at == self._step:
            return None
        before, self._step = self._step, at
        gained = 0.0 if before is None or at <= before else (waiting - self._waiting) / (at - before)
        self._waiting = waiting
        prompt, output = value(readings, PROMPT_TOKENS), value(readings, OUTPUT_TOKENS)
        served = arrivals - gained
        if prompt is not None and output is not None and served > 0.0:
            self.seconds = self._profile.work(prompt, output, served) / served
        return arrivals
