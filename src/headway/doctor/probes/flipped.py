"""Whether pictures are flipped or turned at random and their maps of targets are not."""

from collections.abc import Callable

import torch
from torch import Tensor

from headway.doctor.examples import BatchStream
from headway.doctor.program import Program, first_tensor
from headway.doctor.task import TaskFacts

Change = Callable[[Tensor], Tensor]

_SAMPLES = 16
_DRAWS = 4
# So many samples that were seen flipped without their target leave no doubt.
_LEAST = 3
# The rest of an augmentation may change some of what a flip does.
_NEAR = 0.3


def _turned(times: int) -> Change:
    return lambda picture: torch.rot90(picture, times, (-2, -1))


_CHANGES: dict[str, Change] = {
    "flipped from left to right": lambda picture: picture.flip(-1),
    "flipped upside down": lambda picture: picture.flip(-2),
    "turned by half a turn": lambda picture: picture.flip((-2, -1)),
    "turned by a quarter": _turned(1),
    "turned by three quarters": _turned(3),
}


def flipped_alone(program: Program, task: TaskFacts) -> str:
    """Read the same training samples several times.

    Returns:
        What happens to inputs while their targets stay, or to targets alone; "" where that
        was not seen.
    """
    if not task.per_position or isinstance(program.train.source, (tuple, BatchStream)):
        return ""
    numbers = torch.arange(min(_SAMPLES, program.train.num_samples))
    reads = [_read(program, numbers, seed) for seed in range(_DRAWS)]
    inputs, targets = reads[0]
    if (
        inputs.dim() < 3
        or inputs.shape[-2:] != targets.shape[-2:]
        or min(inputs.shape[-2:]) < 2
    ):
        return ""
    seen: dict[str, int] = {}
    for other, answers in reads[1:]:
        for n in range(len(numbers)):
            for what in _alone(inputs[n], other[n], targets[n], answers[n]):
                seen[what] = seen.get(what, 0) + 1
    if sum(seen.values()) < _LEAST:
        return ""
    return max(seen, key=lambda what: seen[what])


def _read(program: Program, numbers: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inputs, targets = program.train.pick(numbers)
    return first_tensor(inputs).float(), first_tensor(targets).float()


def _alone(one: Tensor, other: Tensor, target: Tensor, answer: Tensor) -> list[str]:
    """Return how one side was changed and the other was not."""
    pairs = (
        ("inputs", one, other, target, answer),
        ("targets", target, answer, one, other),
    )
    for name, before, after, mate, mate_after in pairs:
        if torch.equal(before, after) or not torch.equal(mate, mate_after):
            continue
        for what, change in _CHANGES.items():
            flipped = change(before)
            if flipped.shape != after.shape or torch.equal(change(mate), mate):
                continue
            if float((after - flipped).norm()) < _NEAR * float((after - before).norm()):
                return [f"{name} are {what}"]
    return []
