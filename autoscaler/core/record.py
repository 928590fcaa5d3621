"""Everything one tick saw and said, as a value; to JSON and back.

A record holds all that `decide` took, so one record gives its decision again. Numbers are written with
Python's shortest exact form, so what is read back is the same number.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from autoscaler.core.cluster import StageTime
from autoscaler.core.codec import from_plain, to_plain
from autoscaler.core.decide import Inputs
from autoscaler.core.decision import NOTHING_DONE, Actuation, Decision, Scope
from autoscaler.core.observation import Observation


class TickRecord(NamedTuple):
    at: float
    scope: Scope
    observation: Observation
    inputs: Inputs
    decision: Decision
    actuation: Actuation = NOTHING_DONE
    stages: tuple[
        StageTime, ...
    ] = ()  # starts that ended since the tick before: what lead times are learned from
    notes: tuple[str, ...] = ()  # what went wrong around the decision: an answer that did not come


def record_to_line(record: TickRecord) -> str:
    """One line of a journal."""
    return json.dumps({"tick": to_plain(record)}, separators=(",", ":"), sort_keys=True, allow_nan=False)


def record_from_plain(plain: Mapping[str, object]) -> TickRecord:
    """The record that `record_to_line` wrote. Raises ValueError where it is none."""
    record = from_plain(plain, TickRecord)
    assert isinstance(record, TickRecord)
    return record
