"""How weights move: optimizers, parameter groups, schedules, clipping and averaging."""

from headway.optim.averaging import (
    AveragedModel,
    StochasticWeightAverage,
    WeightAverage,
)
from headway.optim.clipper import ClipMode, Clipper, check_clipping
from headway.optim.clipping import (
    clip_each_gradient_,
    clip_gradients_,
    clip_value_,
    gradient_norm,
    normalize_gradients_,
)
from headway.optim.decays import (
    CosineRestarts,
    Exponential,
    InverseSqrt,
    Polynomial,
    StableDecay,
    cycle_of_three,
)
from headway.optim.momentum import AveragedMomentum, averaged_lr, heavy_ball_lr
from headway.optim.muon import Muon, split_for_muon
from headway.optim.named_schedules import ScheduleName, build_schedule
from headway.optim.optimizers import OptimizerName, build_optimizer
from headway.optim.parameter_groups import decayed_parameters, parameter_groups
from headway.optim.penalties import Penalty, elastic_net, l1_penalty, l2_penalty
from headway.optim.schedules import (
    Constant,
    Cosine,
    OneCycle,
    Plateau,
    Schedule,
    StepDecay,
    Warmup,
)
from headway.optim.sharpness import SharpnessAware

__all__ = [
    "AveragedModel",
    "AveragedMomentum",
    "ClipMode",
    "Clipper",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "InverseSqrt",
    "Muon",
    "OneCycle",
    "OptimizerName",
    "Penalty",
    "Plateau",
    "Polynomial",
    "Schedule",
    "ScheduleName",
    "SharpnessAware",
    "StableDecay",
    "StepDecay",
    "StochasticWeightAverage",
    "Warmup",
    "WeightAverage",
    "averaged_lr",
    "build_optimizer",
    "build_schedule",
    "check_clipping",
    "clip_each_gradient_",
    "clip_gradients_",
    "clip_value_",
    "cycle_of_three",
    "decayed_parameters",
    "elastic_net",
    "gradient_norm",
    "heavy_ball_lr",
    "l1_penalty",
    "l2_penalty",
    "normalize_gradients_",
    "parameter_groups",
    "split_for_muon",
]
