"""Whether the gradient is the slope of the loss, layer by layer, by finite differences."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Batch, take
from headway.doctor.probes.repeatable import RepeatableLoss, norm_of
from headway.doctor.program import Program, call_model, num_in, seed_all
from headway.doctor.progress import progress
from headway.doctor.rows import is_by_sample

_SECONDS = 2.0
_SHARE = 0.04
_SAMPLES = 32
# Fewer passes than these, with some of double precision, tell nothing of enough layers.
_LEAST_PASSES = 60
_DIRECTIONS = 3
# Layers that start at zero let gradients through after a few updates.
_UPDATES = 8
# A slope is wrong if it is off by so much in all directions together, and in most of them.
_WRONG, _OFF = 0.3, 0.2
# Steps as shares of a layer's norm, far apart: steps of a rounded function, kinks and noise
# give each of them another slope. The second pair is for single precision.
_STEPS = {torch.float64: (1e-6, 1e-3), torch.float32: (2e-3, 1e-2)}
_AGREEING = 0.1
# What is rounded has no slope at all, whatever its gradient is meant to be.
_NO_SLOPE = 1e-3
# A loss that differs by this share of itself cannot be repeated.
_REPEATED = {torch.float64: 1e-12, torch.float32: 1e-6}
_LEAST_NORM = 1e-2


@dataclass(frozen=True, kw_only=True)
class WrongSlope:
    """A layer at which another gradient arrives than the loss has.

    Attributes:
        layer: Its name.
        error: Norm of the difference over the larger of both, in several directions.
        backward: Slope along one random direction by the gradient.
        measured: Slope along the same direction by finite differences.
    """

    layer: str
    error: float
    backward: float
    measured: float


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Gradients next to finite differences of the loss of one batch.

    Attributes:
        wrong: Layers whose gradient is another one, in the order of the model.
        num_layers: How many were compared.
    """

    wrong: tuple[WrongSlope, ...] = ()
    num_layers: int = 0


def probe_slopes(evidence: Evidence, budget: Budget) -> Slopes | None:
    """Compare the gradient of a program that learns badly with finite differences.

    Returns:
        None where the program learns, or its loss cannot be repeated.
    """
    program = evidence.make(0)
    is_compiled = any(hasattr(module, "_orig_mod") for module in program.model.modules())
    if is_compiled or not progress(evidence).is_poor:
        return None
    batches = program.train.batches()
    batch = _small(next(batches))
    seconds = evidence.forward_seconds * num_in(batch[1])
    if seconds * _LEAST_PASSES > _SECONDS or not _is_of_loss(evidence, batch):
        return None
    until = time.perf_counter() + min(_SECONDS, budget.part(_SHARE))
    found = _slopes(program, batch, until)
    if found is None or found.wrong or time.perf_counter() > until:
        return found
    for inputs, targets in islice(batches, _UPDATES):
        program.update(inputs, targets)
    later = _slopes(program, batch, until)
    return later if later is not None and later.wrong else found


def _small(batch: Batch) -> Batch:
    if not is_by_sample(*batch):
        return batch
    numbers = torch.arange(min(_SAMPLES, num_in(batch[1])))
    return take(batch[0], numbers), take(batch[1], numbers)


def _is_of_loss(evidence: Evidence, batch: Batch) -> bool:
    """Whether an update is about the loss of the model's outputs and nothing else."""
    if evidence.program.step is None:
        return True
    program, other = evidence.make(0), evidence.make(0)
    seed_all(0)
    own = float(torch.as_tensor(program.update(*batch)).detach().mean())
    seed_all(0)
    loss = other.loss_fn(call_model(other.model, batch[0]), batch[1])
    return math.isclose(own, float(loss.detach().mean()), rel_tol=1e-4)


def _slopes(program: Program, batch: Batch, until: float) -> Slopes | None:
    """Compare in double precision, or in single where the model knows no other."""
    for dtype in (torch.float64, torch.float32):
        try:
            return _compare(RepeatableLoss(program, batch, dtype), until)
        except (RuntimeError, TypeError, ValueError):
            continue
    return None


def _compare(loss: RepeatableLoss, until: float) -> Slopes | None:
    layers = _layers(loss.model)
    weights = [weight for own in layers.values() for weight in own]
    first = loss()
    loss.base = float(first.detach())
    found = torch.autograd.grad(first, weights, allow_unused=True)
    optional: list[Tensor | None] = list(found)
    pairs = zip(weights, optional, strict=True)
    gradients = {id(weight): grad for weight, grad in pairs if grad is not None}
    if not _is_repeated(loss):
        return None
    generator = torch.Generator().manual_seed(0)
    wrong: list[WrongSlope] = []
    count = 0
    for name, own in layers.items():
        reached = [weight for weight in own if id(weight) in gradients]
        if time.perf_counter() > until:
            break
        if not reached:
            # Where no gradient arrives at all, the updates themselves tell.
            continue
        grads = [gradients[id(weight)].detach().to_dense() for weight in reached]
        count += 1
        wrong.extend(_wrong(loss, name, reached, grads, generator))
    if not _is_repeated(loss):
        return None
    return Slopes(wrong=tuple(wrong), num_layers=count)


def _is_repeated(loss: RepeatableLoss) -> bool:
    again = float(loss().detach())
    is_same = math.isclose(loss.base, again, rel_tol=_REPEATED[loss.dtype])
    return is_same and not loss.is_changed()


def _wrong(
    loss: RepeatableLoss,
    layer: str,
    weights: list[nn.Parameter],
    grads: list[Tensor],
    generator: torch.Generator,
) -> Iterator[WrongSlope]:
    """Yield a layer whose slopes are others in most directions, at both steps alike."""
    norm = max(norm_of([weight.detach() for weight in weights]), _LEAST_NORM)
    small, large = (share * norm for share in _STEPS[loss.dtype])
    directions = [loss.direction(weights, generator) for _ in range(_DIRECTIONS)]
    said = torch.tensor([_product(grads, along) for along in directions])
    sides = torch.tensor([loss.slopes(weights, along, small) for along in directions])
    measured = sides.mean(dim=1)
    size = max(float(said.norm()), float(measured.norm()))
    is_flat = not float(measured.norm()) > _NO_SLOPE * size
    error = float((measured - said).norm()) / size if size > 0 else 0.0
    if is_flat or not float(said.norm()) > 0 or error < _WRONG:
        return
    off = (measured - said).abs() > _OFF * torch.maximum(measured.abs(), said.abs())
    again = torch.tensor([loss.slopes(weights, along, large) for along in directions])
    # Units at exactly zero, as those behind a norm whose scale begins there, have two slopes.
    others = (sides[:, 0], sides[:, 1], again.mean(dim=1))
    least = _AGREEING * float(measured.norm())
    is_same = all(float((other - measured).norm()) < least for other in others)
    if is_same and int(off.sum()) > _DIRECTIONS // 2:
        at = int((measured - said).abs().argmax())
        yield WrongSlope(
            layer=layer,
            error=error,
            backward=float(said[at]),
            measured=float(measured[at]),
        )


def _layers(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Return the weights that want a gradient by the name of their module."""
    layers: dict[str, list[nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.is_floating_point():
            layers.setdefault(name.rpartition(".")[0], []).append(weight)
    return layers


def _product(one: list[Tensor], other: list[Tensor]) -> float:
    return sum(float((a * b).sum()) for a, b in zip(one, other, strict=True))
