"""What each batch norm sees of its batches, and what its statistics make of it."""

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from headway.doctor.program import Program


@dataclass(frozen=True, kw_only=True)
class NormFacts:
    """One layer with batch statistics during the watched updates.

    Attributes:
        layer: Its name.
        momentum: As in torch; None for a cumulative mean.
        eps: As in torch.
        is_trained: Whether its affine parameters want gradients, or it has none.
        is_default: Whether its running statistics are 0 and 1, as when it was made.
        tracks: Whether it keeps running statistics.
        calls: How often it was called with gradients on.
        eval_calls: How often of these in evaluation mode.
        samples: Smallest number of samples that it saw in a batch.
        values: Smallest number of values that a statistic was taken over.
        variance: Median over channels of the variance of its input.
        shift: Distance of the running mean from the batch mean, in standard deviations of
            the batch, mean over channels, at the last call.
        follows_bias: Name of a layer with a bias whose output goes straight into it, or None.
    """

    layer: str
    momentum: float | None
    eps: float
    is_trained: bool
    is_default: bool
    tracks: bool
    calls: int
    eval_calls: int
    samples: int
    values: int
    variance: float
    shift: float
    follows_bias: str | None


class NormWatch:
    """Collects facts about layers with batch statistics through forward hooks."""

    def __init__(self, program: Program) -> None:
        self._model = program.model
        self._stack = ExitStack()
        self._last: tuple[str, Tensor] | None = None
        self._counts: dict[str, list[int]] = {}
        self._numbers: dict[str, tuple[float, float]] = {}
        self._follows: dict[str, str] = {}

    def __enter__(self) -> "NormWatch":
        for name, module in self._model.named_modules():
            if isinstance(module, _BatchNorm):
                hook = module.register_forward_pre_hook(self._before_norm(name))
                self._stack.callback(hook.remove)
            elif isinstance(getattr(module, "bias", None), nn.Parameter):
                hook = module.register_forward_hook(self._after_bias(name))
                self._stack.callback(hook.remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._last = None

    def facts(self) -> tuple[NormFacts, ...]:
        """Return what was seen of each layer that was called."""
        return tuple(
            self._facts(name, module)
            for name, module in self._model.named_modules()
            if isinstance(module, _BatchNorm) and name in self._counts
        )

    def _facts(self, name: str, module: _BatchNorm) -> NormFacts:
        calls, evals, samples, values = self._counts[name]
        variance, shift = self._numbers.get(name, (math.nan, math.nan))
        mean, var = module.running_mean, module.running_var
        is_default = (
            mean is not None
            and var is not None
            and not bool(mean.any())
            and bool((var == 1).all())
        )
        return NormFacts(
            layer=name,
            momentum=module.momentum,
            eps=module.eps,
            is_trained=not module.affine
            or any(p.requires_grad for p in module.parameters()),
            is_default=is_default,
            tracks=module.track_running_stats and mean is not None,
            calls=calls,
            eval_calls=evals,
            samples=samples,
            values=values,
            variance=variance,
            shift=shift,
            follows_bias=self._follows.get(name),
        )

    def _before_norm(self, name: str) -> Any:
        def note(module: nn.Module, args: Any) -> None:
            if not (torch.is_grad_enabled() and args and isinstance(args[0], Tensor)):
                return
            x = args[0].detach()
            if x.dim() < 2 or not x.numel():
                return
            counts = self._counts.setdefault(name, [0, 0, len(x), x.numel()])
            counts[0] += 1
            counts[1] += not module.training
            counts[2] = min(counts[2], len(x))
            counts[3] = min(counts[3], x.numel() // x.shape[1])
            if self._last is not None and self._last[1] is args[0]:
                self._follows[name] = self._last[0]
            self._measure(name, module, x)

        return note

    def _measure(self, name: str, module: Any, x: Tensor) -> None:
        columns = x.float().transpose(0, 1).flatten(1)
        variance, mean = torch.var_mean(columns, dim=1, correction=0)
        running, shift = module.running_mean, math.nan
        if running is not None:
            std = (variance + module.eps).sqrt()
            shift = float(((running.float() - mean).abs() / std).mean())
        self._numbers[name] = (float(variance.median()), shift)

    def _after_bias(self, name: str) -> Any:
        def note(_: nn.Module, __: Any, output: Any) -> None:
            self._last = (name, output) if isinstance(output, Tensor) else None

        return note
