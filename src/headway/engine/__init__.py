"""The engine: advances a Setup to its last step and never loses it on the way."""

from headway.engine.averaging import resolve_average
from headway.engine.checkpoint import load, load_newest
from headway.engine.distributed import join, leave, on_first_process, shard
from headway.engine.evaluation import evaluate
from headway.engine.machine import free_cores, resolve_device
from headway.engine.options import (
    Checkpointing,
    Distributed,
    Machine,
    Options,
    Precision,
    Training,
)
from headway.engine.placement import resolve_options
from headway.engine.precision import autocast, resolve_precision
from headway.engine.reports import Callback, EvaluationReport, Event, Outcome, StepReport
from headway.engine.seeds import seed_weights
from headway.engine.setup import Setup
from headway.engine.state import load_weights
from headway.engine.task import Metrics, Task
from headway.engine.trainer import Trainer

__all__ = [
    "Callback",
    "Checkpointing",
    "Distributed",
    "EvaluationReport",
    "Event",
    "Machine",
    "Metrics",
    "Options",
    "Outcome",
    "Precision",
    "Setup",
    "StepReport",
    "Task",
    "Trainer",
    "Training",
    "autocast",
    "evaluate",
    "free_cores",
    "join",
    "leave",
    "load",
    "load_newest",
    "load_weights",
    "on_first_process",
    "resolve_average",
    "resolve_device",
    "resolve_options",
    "resolve_precision",
    "seed_weights",
    "shard",
]
