"""What becomes of the same training samples when they are read again."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.examples import BatchStream
from headway.doctor.probes.features import tensors_in
from headway.doctor.program import Program, seed_all
from headway.measure.untouched import untouched

_SAMPLES = 8
_READS = 4
# By chance the distances of all samples grow at each of these reads once in a million times.
_LEAST = 6
# What rounding alone does is below this share of a change.
_ROUNDING = 1e-6
# A data set that takes longer for a read is not read again.
_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Reads:
    """What differs between several reads of the same samples.

    Attributes:
        drift: Mean size of the values in each read, with the same random numbers, where they
            get ever farther from the first read or jump to and fro; () where they do not.
        what: Whether that is said of "inputs" or "targets".
        is_random: Whether other random numbers give other inputs.
    """

    drift: tuple[float, ...] = ()
    what: str = ""
    is_random: bool = False


def reads_of(program: Program) -> Reads:
    """Read some training samples several times; the random states stay as they are."""
    source = program.train.source
    if isinstance(source, (tuple, BatchStream)):
        return Reads()
    numbers = torch.arange(min(_SAMPLES, program.train.num_samples))
    begun = time.perf_counter()
    reads = [_read(program, numbers, seed=0)]
    if time.perf_counter() - begun > _SECONDS:
        return Reads()
    reads += [_read(program, numbers, seed=0) for _ in range(_READS - 1)]
    for what, part in (("inputs", 0), ("targets", 1)):
        tensors = [first_floats(read[part]) for read in reads]
        if _drifts(tensors):
            return Reads(drift=tuple(_size(tensor) for tensor in tensors), what=what)
    other = first_floats(_read(program, numbers, seed=1)[0])
    last = first_floats(reads[-1][0])
    is_random = other.shape != last.shape or not torch.equal(other, last)
    return Reads(is_random=is_random)


def first_floats(values: Any) -> Tensor:
    """Return the first tensor as numbers of double precision."""
    return tensors_in(values)[0].detach().double()


def _read(program: Program, numbers: Tensor, *, seed: int) -> Any:
    # Without a network these are the random states alone.
    with untouched(nn.Identity()):
        seed_all(seed)
        inputs, targets = program.train.pick(numbers)
    # What a data set keeps may be what it gave.
    return _copied(inputs), _copied(targets)


def _copied(values: Any) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in tensors_in(values)]


def _drifts(reads: list[Tensor]) -> bool:
    """Whether all samples that change get ever farther from the first read, or alternate."""
    if len({read.shape for read in reads}) > 1 or len(reads[0]) < _LEAST:
        return False
    rows = [read.flatten(1) if read.dim() > 1 else read.unsqueeze(1) for read in reads]
    away = torch.stack([(row - rows[0]).norm(dim=1) for row in rows[1:]])
    has_moved = away[0] > 0
    if int(has_moved.sum()) < _LEAST:
        return False
    away = away[:, has_moved]
    grows = bool((away[1:] > away[:-1] * (1 + _ROUNDING)).all())
    returns = bool((away[1] == 0).all()) and bool((away[2] == away[0]).all())
    return grows or returns


def _size(values: Tensor) -> float:
    return float(values.square().mean().sqrt())
