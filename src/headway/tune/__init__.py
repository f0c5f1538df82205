"""The step-by-step procedure that finds settings which train, and search."""

from headway.tune.curves import Curve, moving_average, read_curve
from headway.tune.decisions import Decision
from headway.tune.procedure import TuneResult, tune
from headway.tune.search import Scored, grid_search, random_search
from headway.tune.space import (
    Choice,
    Dimension,
    LogUniform,
    Settings,
    Space,
    Uniform,
    grid_points,
    random_points,
)
from headway.tune.trial import Trial, run_trial

__all__ = [
    "Choice",
    "Curve",
    "Decision",
    "Dimension",
    "LogUniform",
    "Scored",
    "Settings",
    "Space",
    "Trial",
    "TuneResult",
    "Uniform",
    "grid_points",
    "grid_search",
    "moving_average",
    "random_points",
    "random_search",
    "read_curve",
    "run_trial",
    "tune",
]
