"""Somebody else's world behind the ports: JSON lines in, a JSON line out."""

from autoscaler.adapters.pipe.lines import History, Names, PipeError, Tick, read_line
from autoscaler.adapters.pipe.world import PipeWorld

__all__ = ["History", "Names", "PipeError", "PipeWorld", "Tick", "read_line"]
