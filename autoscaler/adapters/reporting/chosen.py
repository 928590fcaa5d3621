"""Settings that were chosen → clauses, for `headway tune` and `headway explain`.

Knows no policy: a stated value goes before a chosen one, and who has the policy says so.
"""

from autoscaler.adapters.reporting.units import duration, number, percent


def price(late_price: float) -> str:
    weighs = "one" if abs(late_price - 1.0) < 0.005 else number(late_price, 2)
    idle = "idle one" if weighs == "one" else "idle ones"
    return (
        f"price of lateness {number(late_price, 2)}: one server-second served late weighs as {weighs} {idle}"
    )


def hold(hold_s: float) -> str:
    if hold_s <= 0.0:
        return "plans are not held: what nothing needs any more goes at once"
    return f"plans hold for {duration(hold_s)}: servers go down only to the highest plan of so long"


def headroom(share: float) -> str:
    return f"headroom {percent(share)}: what the reactive rule keeps spare, where it plans"


def since(days: float) -> str:
    """What settings of a day were chosen from."""
    if days <= 0.0:
        return "safe defaults, since no past has told better ones"
    return f"chosen from {number(days)} {'day' if days == 1 else 'days'} of this workload's past"
