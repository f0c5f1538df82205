"""What the training flag changes in a model, and what stays random without it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]
from torch.nn.modules.dropout import _DropoutNd  # pyright: ignore[reportPrivateUsage]

from headway.doctor.program import Program, call_model, main_output, num_in
from headway.doctor.rows import row_counts
from headway.doctor.training import restore_flags, training_flags

# Differences beyond this share of the output are no rounding.
_EPS = 1e-3


@dataclass(frozen=True, kw_only=True)
class ModeFacts:
    """How outputs for one batch depend on the mode, as shares of their own spread.

    Attributes:
        is_training: Flag of the model as it was delivered.
        train_gap: How far outputs in training mode are from those in evaluation mode.
        eval_noise: How far two outputs in evaluation mode are apart.
        eval_mixing: How far outputs in evaluation mode change with the rest of the batch.
        sensitive: Names of the batch norm and dropout layers whose parameters, or those
            beside them, are trained.
    """

    is_training: bool
    train_gap: float = math.nan
    eval_noise: float = math.nan
    eval_mixing: float = math.nan
    sensitive: tuple[str, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether the mode changes what the model says."""
        return self.train_gap > _EPS

    @property
    def is_random_in_eval(self) -> bool:
        """Whether the model draws random numbers in evaluation mode."""
        return self.eval_noise > _EPS

    @property
    def mixes_in_eval(self) -> bool:
        """Whether a sample's output in evaluation mode depends on the rest of its batch."""
        return self.eval_mixing > _EPS


def mode_facts(program: Program, inputs: Any) -> ModeFacts:
    """Compare modes of a fresh program, which is used up: its statistics change."""
    model = program.model
    is_training = model.training
    sensitive = tuple(sensitive_layers(model))
    flags = training_flags(model)
    half_inputs = first_samples(inputs, max(1, num_in(inputs) // 2))
    try:
        plain = _outputs(program, inputs, is_training=False, seed=0)
        again = _outputs(program, inputs, is_training=False, seed=1)
        half = _outputs(program, half_inputs, is_training=False, seed=0)
        trained = _outputs(program, inputs, is_training=True, seed=0)
    finally:
        restore_flags(flags)
    return ModeFacts(
        is_training=is_training,
        train_gap=_gap(plain, trained),
        eval_noise=_gap(plain, again),
        eval_mixing=_gap(plain[: len(half)], half),
        sensitive=sensitive,
    )


def sensitive_layers(model: nn.Module) -> list[str]:
    """Return the batch norm and dropout layers that are not part of something frozen."""
    modules = dict(model.named_modules())
    return [
        name
        for name, module in modules.items()
        if _depends_on_mode(module) and not _is_frozen(modules, name)
    ]


def _depends_on_mode(module: nn.Module) -> bool:
    if isinstance(module, _BatchNorm):
        return module.track_running_stats
    return isinstance(module, _DropoutNd) and module.p > 0


def _is_frozen(modules: dict[str, nn.Module], name: str) -> bool:
    """Whether the innermost module around this one that has parameters trains none."""
    while True:
        flags = [p.requires_grad for p in modules[name].parameters()]
        if flags or not name:
            return bool(flags) and not any(flags)
        name = name.rpartition(".")[0]


def _outputs(program: Program, inputs: Any, *, is_training: bool, seed: int) -> Tensor:
    program.model.train(is_training)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        return main_output(call_model(program.model, inputs)).detach().float().clone()


def first_samples(inputs: Any, count: int) -> Any:
    """Return the first samples of inputs, or all that cannot be told apart."""
    if len(row_counts(inputs)) > 1:
        return inputs
    if isinstance(inputs, Tensor):
        return inputs[:count]
    if isinstance(inputs, Mapping):
        return {name: first_samples(value, count) for name, value in inputs.items()}
    return tuple(first_samples(value, count) for value in inputs)


def _gap(first: Tensor, second: Tensor) -> float:
    """Return the distance of two outputs over the spread of the first."""
    if first.shape != second.shape or first.numel() < 2:
        return math.nan
    spread = float(first.std()) + 1e-6 * float(first.abs().mean()) + 1e-12
    return float((first - second).square().mean().sqrt()) / spread
