"""How weights move: optimizers, parameter groups, schedules, clipping and averaging."""

from headway.optim.averaging import WeightAverage
from headway.optim.clipping import clip_gradients_, clip_value_, gradient_norm
from headway.optim.optimizers import OptimizerName, build_optimizer
from headway.optim.parameter_groups import parameter_groups
from headway.optim.schedules import (
    Constant,
    Cosine,
    OneCycle,
    Plateau,
    Schedule,
    ScheduleName,
    StepDecay,
    Warmup,
    build_schedule,
)

__all__ = [
    "Constant",
    "Cosine",
    "OneCycle",
    "OptimizerName",
    "Plateau",
    "Schedule",
    "ScheduleName",
    "StepDecay",
    "Warmup",
    "WeightAverage",
    "build_optimizer",
    "build_schedule",
    "clip_gradients_",
    "clip_value_",
    "gradient_norm",
    "parameter_groups",
]
