"""YAML and environment → the policy and what goes with it. The only package that knows pydantic."""

from autoscaler.settings.load import load, parse
from autoscaler.settings.problems import SettingsError
from autoscaler.settings.values import Settings

__all__ = ["Settings", "SettingsError", "load", "parse"]
