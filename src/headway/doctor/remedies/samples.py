"""Look at a program's data for a remedy, without moving its order or random numbers."""

from typing import Any

import torch
from torch import Tensor

from headway.doctor.examples import Batch, Examples
from headway.doctor.program import Program, first_tensor, num_in
from headway.doctor.remedies.drawing import drawing

_BATCH = 512


def samples(program: Program, *, count: int = 4096) -> list[Batch]:
    """Return batches of up to `count` training samples, the same ones each time."""
    with drawing(program):
        if not program.train.is_by_sample:
            return _passed(program.train, count)
        try:
            return _picked(program.train, count)
        except TypeError:
            return _passed(program.train, count)


def a_batch(program: Program, *, size: int | None = None) -> Batch:
    """Return one batch of the size that the program trains with, or of `size`."""
    wanted = size or batch_size_of(program)
    return samples(program, count=wanted)[0]


def batch_size_of(program: Program) -> int:
    """Return how many samples one update sees."""
    if not program.train.decides_itself:
        return min(program.train.batch_size, program.train.num_samples)
    known = getattr(program.train.source, "batch_size", None)
    if isinstance(known, int):
        return known
    with drawing(program):
        return num_in(_passed(program.train, 1)[0][1])


def all_targets(program: Program, *, count: int = 65536) -> Tensor:
    """Return the targets of up to `count` samples as one tensor."""
    parts = [first_tensor(targets) for _, targets in samples(program, count=count)]
    return parts[0] if parts[0].dim() == 0 else torch.cat(parts)


def _picked(examples: Examples, count: int) -> list[Batch]:
    total = examples.num_samples
    numbers = torch.randperm(total, generator=torch.Generator().manual_seed(0))
    if count < total:
        numbers = numbers[:count]
    return [examples.pick(part) for part in numbers.sort().values.split(_BATCH)]


def _passed(examples: Examples, count: int) -> list[Batch]:
    """Return the first batches of a source that has no samples by number."""
    generators = _generators(examples.source)
    states = [generator.get_state() for generator in generators]
    batches: list[Batch] = []
    seen = 0
    for batch in examples.batches():
        batches.append(batch)
        seen += num_in(batch[1])
        if seen >= count:
            break
    for generator, state in zip(generators, states, strict=True):
        generator.set_state(state)
    return batches


def _generators(source: Any) -> list[torch.Generator]:
    """Return the generators of a loader and its sampler."""
    owners = (source, getattr(source, "sampler", None))
    found = [getattr(owner, "generator", None) for owner in owners]
    return [generator for generator in found if isinstance(generator, torch.Generator)]
