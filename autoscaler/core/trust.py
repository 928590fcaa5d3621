"""How far a forecast is believed beside the reactive rule: by what each would lately have cost.

What both asked for at one instant is held beside what came a lead time later. Idle servers cost their time,
too few cost late requests; the difference moves the odds. So a forecast that fails is left for the rule
within minutes where requests wait, within hours where money is wasted, and comes back by itself.
"""

from math import sqrt
from typing import NamedTuple

SURE = 4.0  # the odds stay within ± this; from half of it on the forecast alone plans
GAIN = 0.05  # a minute that wastes one usual load moves a twentieth: two hours from sure to not read
FASTEST = 0.5  # a minute in which nobody could be served in time: twelve of them
LATE = 10.0  # a request that waits, in idle servers: enough to leave what fails, not to flee one bad minute
USUAL_PRICE = 32.0  # of lateness, up to which that holds; beyond, it is dearer in proportion
LEAST = 1e-3  # servers: where nothing is usual, a forecast of something is still held to account
SHORT = 0.25  # so much too little makes every request late


class Trust(NamedTuple):
    odds: float = SURE

    @property
    def weight(self) -> float:
        """The forecast's part of the plan, 0 to 1."""
        return min(max(0.5 + self.odds / SURE, 0.0), 1.0)


def judged(
    trust: Trust, forecast: float, rule: float, came: float, usual: float, late_price: float = USUAL_PRICE
) -> Trust:
    """After what came: `forecast` and `rule` are the servers that each had asked for, for this moment.

    The dearer lateness is in the plan, the slower idle servers move the odds: a forecast that is read at a
    price of 300 keeps servers for crowds that come ten times a day, and between two of them that is no waste.
    """
    usual = usual if usual > LEAST else LEAST
    dearer = max(late_price / USUAL_PRICE, 1.0)
    late = LATE * dearer
    gained = GAIN / dearer * (_cost(rule, came, usual, late) - _cost(forecast, came, usual, late))
    gained = min(max(gained, -FASTEST), FASTEST)
    return Trust(min(max(trust.odds + gained, -SURE), SURE))


def _cost(servers: float, came: float, usual: float, late: float) -> float:
    """Idle and late together, in usual loads."""
    short = min(max(1.0 - servers / came, 0.0) / SHORT, 1.0) if came > 0.0 else 0.0
    return servers / usual + late * short * sqrt(max(came, 0.0) / usual)
