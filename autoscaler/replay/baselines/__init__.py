"""What Headway must beat: the policies people use today, by name."""

from autoscaler.replay.baselines.aibrix import Apa
from autoscaler.replay.baselines.aws import Aws
from autoscaler.replay.baselines.baseline import Baseline, Setup
from autoscaler.replay.baselines.driver import BaselineDriver
from autoscaler.replay.baselines.hpa import Hpa, Keda, KedaLlmd
from autoscaler.replay.baselines.knative import Kpa
from autoscaler.replay.baselines.phpa import Phpa
from autoscaler.replay.baselines.planner import Planner
from autoscaler.replay.baselines.reactive import Reactive
from autoscaler.replay.baselines.seasonal import Seasonal
from autoscaler.replay.baselines.static import Static

BASELINES: dict[str, type[Baseline]] = {
    "static": Static,
    "hpa": Hpa,
    "keda": Keda,
    "keda-llmd": KedaLlmd,
    "kpa": Kpa,
    "apa": Apa,
    "phpa": Phpa,
    "planner": Planner,
    "aws": Aws,
    "seasonal": Seasonal,
    "reactive": Reactive,
}

__all__ = ["BASELINES", "Baseline", "BaselineDriver", "Setup"]
