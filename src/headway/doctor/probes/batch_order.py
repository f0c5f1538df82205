"""In which order a program sees its samples: the same batches, sorted labels, blocks."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from headway.doctor.examples import Examples
from headway.doctor.program import first_tensor, num_in
from headway.doctor.task import TaskFacts, class_ids

# Enough batches of an epoch to see blocks of labels, and of a second one to compare.
_BATCHES = 400
_COMPARED = 8
_POOL = 4096
# Random batches that say what purity chance alone gives.
_DRAWS = 64


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """The order of an epoch or its beginning.

    Attributes:
        batch_sizes: Samples of each batch that was seen.
        is_whole: Whether the whole epoch was seen.
        distinct: How many different batches there were.
        is_same_again: Whether a second epoch begins with the same batches in the same order.
        purity: Mean share of the most frequent class of a batch, NaN without classes.
        chance_purity: What batches drawn at random have.
        between: Share of the variance of values that lies between batches, NaN for classes.
        trend: Correlation of the mean target of a batch with its place in the epoch.
    """

    batch_sizes: tuple[int, ...]
    is_whole: bool
    distinct: int
    is_same_again: bool
    purity: float = math.nan
    chance_purity: float = math.nan
    between: float = math.nan
    trend: float = math.nan

    @property
    def block_share(self) -> float:
        """How far batches are from random ones: 0 as mixed as chance, 1 one class each."""
        if not self.chance_purity < 1:
            return 0.0
        return (self.purity - self.chance_purity) / (1 - self.chance_purity)


@dataclass
class _Epoch:
    signatures: list[int] = field(default_factory=list[int])
    sizes: list[int] = field(default_factory=list[int])
    targets: list[Any] = field(default_factory=list[Any])
    is_whole: bool = True


def order_facts(
    examples: Examples, task: TaskFacts, seconds: float, *, whole: Examples | None = None
) -> OrderFacts:
    """Go through the batches of an epoch and the beginning of a second one.

    Args:
        examples: Whose batches are looked at.
        task: What is learned of them.
        seconds: How long an epoch may take.
        whole: The same samples where `examples` leaves some of a batch out.
    """
    first = _go_through(examples, _BATCHES, seconds)
    second = _go_through(examples, _COMPARED, seconds)
    compared = min(len(second.signatures), len(first.signatures))
    is_same = compared > 1 and (first.signatures[:compared] == second.signatures[:compared])
    facts = OrderFacts(
        batch_sizes=tuple(first.sizes),
        is_whole=first.is_whole,
        distinct=len(set(first.signatures)),
        is_same_again=is_same,
    )
    if len(first.targets) < 2 or task.per_position:
        return facts
    return _with_mixture(facts, first.targets, _pool(whole or examples, first), task)


def _go_through(examples: Examples, count: int, seconds: float) -> _Epoch:
    epoch = _Epoch()
    begun = time.perf_counter()
    batches = examples.batches()
    for inputs, targets in batches:
        epoch.signatures.append(_signature(inputs, targets))
        epoch.sizes.append(num_in(targets))
        epoch.targets.append(first_tensor(targets).detach().cpu())
        is_late = time.perf_counter() - begun > seconds
        if len(epoch.sizes) >= count or is_late:
            epoch.is_whole = next(iter(batches), None) is None
            break
    return epoch


def _signature(inputs: Any, targets: Any) -> int:
    """Return a number that differs for different batches."""
    parts: list[tuple[int, float, float]] = []
    for value in (inputs, targets):
        flat = first_tensor(value).detach().flatten().double()
        ramp = torch.linspace(1, 2, len(flat), dtype=torch.float64, device=flat.device)
        parts.append((len(flat), float(flat.sum()), float(flat @ ramp)))
    return hash(tuple(parts))


def _pool(examples: Examples, epoch: _Epoch) -> Tensor:
    """Return targets of samples from all over the data."""
    try:
        return first_tensor(examples.some(_POOL)[1]).detach().cpu()
    except (TypeError, NotImplementedError):
        # Batches without samples by number.
        return torch.cat(epoch.targets)


def _with_mixture(
    facts: OrderFacts, batches: list[Tensor], pool: Tensor, task: TaskFacts
) -> OrderFacts:
    known: dict[str, Any] = {
        "batch_sizes": facts.batch_sizes,
        "is_whole": facts.is_whole,
        "distinct": facts.distinct,
        "is_same_again": facts.is_same_again,
    }
    if task.kind in ("classes", "binary"):
        ids = [_ids(task, batch) for batch in batches]
        size = max(1, sum(len(batch) for batch in ids) // len(ids))
        return OrderFacts(
            **known,
            purity=_mean([_purity(batch) for batch in ids]),
            chance_purity=_chance_purity(_ids(task, pool), size),
            trend=_trend([float(batch.float().mean()) for batch in ids]),
        )
    means = torch.stack([batch.float().mean() for batch in batches])
    values = pool.float().reshape(len(pool), -1).mean(dim=1)
    total = float(values.var())
    between = float(means.var()) / total if total > 0 else math.nan
    return OrderFacts(**known, between=between, trend=_trend(means.tolist()))


def _ids(task: TaskFacts, targets: Tensor) -> Tensor:
    ids = class_ids(task, targets)
    assert ids is not None, "classes have ids"
    return ids


def _purity(ids: Tensor) -> float:
    return float(ids.unique(return_counts=True)[1].max()) / len(ids) if len(ids) else 0.0


def _chance_purity(pool: Tensor, size: int) -> float:
    generator = torch.Generator().manual_seed(0)
    draws = [
        pool[torch.randint(len(pool), (size,), generator=generator)] for _ in range(_DRAWS)
    ]
    return _mean([_purity(draw) for draw in draws])


def _trend(values: list[float]) -> float:
    """Return the correlation of values with their place."""
    y = torch.tensor(values, dtype=torch.float64)
    x = torch.arange(len(y), dtype=torch.float64)
    if len(y) < 3 or float(y.std()) == 0 or not bool(torch.isfinite(y).all()):
        return math.nan
    return float(torch.corrcoef(torch.stack([x, y]))[0, 1])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
