"""Whether targets number kinds, position by position, and a loss takes them for amounts."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headway.doctor.probes.plain_answers import with_main
from headway.doctor.program import Program, first_tensor, main_output

# Yes or no at each position is often learned by a distance, and well.
_FEWEST = 3
# More kinds than positions on a side of a small picture are amounts, as gray values are.
_MOST = 40
# A row of fewer numbers is a list of answers, and no sequence.
_LEAST_POSITIONS = 8
# A step away from right answers, by which a distance grows alike up and down.
_STEP = 0.3
# Share of positions that are answered wrongly to see how a metric judges that.
_WRONG = 0.3
_ORDERS = 3
_EQUAL = 1e-4
# Of the neighbors that differ, those which differ by more than 1, next to what the frequencies
# of the numbers have by chance: amounts change by little from place to place.
_JUMPS = 0.5
# Share of the neighbors of what is not 0 that are the same, in a picture of areas.
_AREAS = 0.6
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """Targets that are the numbers of kinds, at each position, under a distance.

    Attributes:
        count: How many numbers there are, from 0.
        is_told_by_metric: Whether the program's own metric says the same where the kinds are
            numbered in another order, which no amount allows; otherwise they are areas of a
            picture that lie next to each other in any order.
    """

    count: int
    is_told_by_metric: bool


def numbered(program: Program, inputs: Any, outputs: Any, targets: Any) -> Numbered | None:
    """Return what is known where a distance compares one output with a number of a kind."""
    try:
        output, target = main_output(outputs).detach(), first_tensor(targets)
        is_of_positions = _is_of_positions(first_tensor(inputs), target)
    except _CANNOT:
        return None
    if not is_of_positions or output.numel() != target.numel() or program.metric == "r2":
        return None
    count = _count(target)
    if not count or not _jumps(target) >= _JUMPS:
        return None
    with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        try:
            if not _is_distance(program, outputs, targets):
                return None
            is_told = program.metric == "accuracy"
            if callable(program.metric):
                is_told = _is_for_kinds(program.metric, outputs, targets, count)
        except _CANNOT:
            return None
    if is_told:
        return Numbered(count=count, is_told_by_metric=True)
    is_picture = not callable(program.metric) and _are_areas(target)
    return Numbered(count=count, is_told_by_metric=False) if is_picture else None


def _is_of_positions(inputs: Tensor, target: Tensor) -> bool:
    """Whether each sample has a target for each of many places that its input has, too."""
    places = [size for size in target.shape[1:] if size > 1]
    is_long = math.prod(places) >= _LEAST_POSITIONS
    return bool(places) and is_long and all(size in inputs.shape[1:] for size in places)


def _count(target: Tensor) -> int:
    """Return how many whole numbers from 0 there are, or 0 where they are something else."""
    values = target.double()
    is_whole = bool((values.isfinite() & (values == values.round())).all())
    if not is_whole or float(values.min()) != 0:
        return 0
    distinct, count = values.unique().numel(), int(values.max()) + 1
    return count if _FEWEST <= distinct == count <= _MOST else 0


def _pairs(target: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers of all neighbors, along each axis of places."""
    ids = target.long()
    axes = [axis for axis in range(1, ids.dim()) if ids.shape[axis] > 1]
    here = [ids.narrow(axis, 0, ids.shape[axis] - 1).flatten() for axis in axes]
    there = [ids.narrow(axis, 1, ids.shape[axis] - 1).flatten() for axis in axes]
    return torch.cat(here), torch.cat(there)


def _jumps(target: Tensor) -> float:
    """Return how often different neighbors are no next numbers, next to chance."""
    here, there = _pairs(target)
    far = (here - there).abs()
    shares = target.long().flatten().bincount().double() / target.numel()
    both = shares[:, None] * shares
    ids = torch.arange(len(shares))
    apart = (ids[:, None] - ids).abs().to(both.device)
    chance = float(both[apart > 1].sum() / both[apart > 0].sum())
    changes = int((far > 0).sum())
    return float((far > 1).sum()) / changes / chance if changes and chance else 0.0


def _are_areas(target: Tensor) -> bool:
    """Whether the targets are pictures in which neighbors are mostly of one kind."""
    if sum(size >= _LEAST_POSITIONS for size in target.shape[1:]) < 2:
        return False
    here, there = _pairs(target)
    shown = here[here > 0] == there[here > 0]
    return bool(shown.numel()) and float(shown.double().mean()) >= _AREAS


def _is_distance(program: Program, outputs: Any, targets: Any) -> bool:
    """Whether the loss is least for the numbers themselves, and alike above and below."""
    output, target = main_output(outputs), first_tensor(targets)
    exact = target.to(output.dtype).reshape(output.shape)
    right, above, below = (
        float(torch.as_tensor(program.loss_fn(with_main(outputs, answer), targets)).mean())
        for answer in (exact, exact + _STEP, exact - _STEP)
    )
    return right < above and math.isclose(above, below, rel_tol=_EQUAL)


def _is_for_kinds(metric: Any, outputs: Any, targets: Any, count: int) -> bool:
    """Whether a metric takes no notice of which number stands for which kind but the first."""
    output = main_output(outputs)
    if not isinstance(targets, Tensor):
        return False

    def ask(answer: Tensor, truth: Tensor) -> float:
        said = answer.to(output.dtype).reshape(output.shape)
        return float(metric(with_main(outputs, said), truth.to(targets.dtype)))

    ids = targets.long()
    # Not even, so that no order of the numbers has as many errors of each size.
    weights = 1 / torch.arange(1.0, count + 1)
    drawn = torch.multinomial(weights, ids.numel(), replacement=True).reshape(ids.shape)
    mixed = torch.where(torch.rand(ids.shape) < _WRONG, drawn, ids.cpu()).to(ids.device)
    plain = ask(mixed, ids)
    if not math.isfinite(plain) or not ask(ids, ids) > plain:
        return False
    for _ in range(_ORDERS):
        order = torch.cat([torch.zeros(1), 1 + _moved(count - 1)]).long().to(ids.device)
        if not math.isclose(ask(order[mixed], order[ids]), plain, rel_tol=_EQUAL):
            return False
    return True


def _moved(count: int) -> Tensor:
    """Return an order of so many numbers that is not the usual one."""
    order = torch.randperm(count)
    return order.flip(0) if bool((order == torch.arange(count)).all()) else order
