"""Faults in inputs, targets and the order in which they come."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mutations.edit import (
    Made,
    edited,
    is_classes,
    is_values,
    map_inputs,
    map_part,
    need,
    set_batch_size,
    take,
    tensors,
)


def scale(factor: float, offset: float = 0.0) -> Any:
    """Give inputs another scale."""
    return edited(lambda made: map_inputs(made, lambda x: x * factor + offset))


@edited
def one_column_huge(made: Made) -> None:
    """Leave two columns of a table in units of their own."""
    x, _ = tensors(made["train"])
    need(isinstance(x, Tensor) and x.dim() == 2 and x.shape[1] in (10, 13, 30))
    factors = torch.ones(x.shape[1])
    factors[:2] = torch.tensor([5e3, 8e2])
    map_inputs(made, lambda x: x * factors + factors - 1)


@edited
def nan_in_one_sample(made: Made) -> None:
    """Leave one missing value in the training data."""

    def change(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        x = x.clone()
        x[len(x) // 3].flatten()[0] = torch.nan
        return x, y

    need(is_float(made))
    map_part(made, "train", change)


@edited
def inf_in_inputs(made: Made) -> None:
    """Take the logarithm of features of which some are zero."""

    def change(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        x = x.clone()
        x.view(len(x), -1)[::50, 0] = -torch.inf
        return x, y

    need(is_float(made))
    map_part(made, "train", change)


@edited
def nan_in_targets(made: Made) -> None:
    """Leave missing values in the targets."""

    def change(x: Any, y: Tensor) -> tuple[Any, Tensor]:
        y = y.clone()
        y[::97] = torch.nan
        return x, y

    need(is_values(made) and tensors(made["train"])[0] is not tensors(made["train"])[1])
    map_part(made, "train", change)


@edited
def inputs_all_zero(made: Made) -> None:
    """Divide whole numbers as whole numbers: nothing is left."""
    map_inputs(made, lambda x: torch.zeros_like(x))


def is_float(made: Made) -> bool:
    """Whether inputs are one floating-point tensor apart from the targets."""
    x, y = tensors(made["train"])
    return isinstance(x, Tensor) and x.is_floating_point() and x is not y


@edited
def targets_shuffled(made: Made) -> None:
    """Shuffle the targets of the training data, but not their inputs."""
    x, y = tensors(made["train"])
    need(x is not y)
    map_part(made, "train", lambda x, y: (x, y[torch.randperm(len(y))]))


@edited
def most_labels_random(made: Made) -> None:
    """Give four in five training samples the label of another."""
    need(is_classes(made))

    def change(x: Any, y: Tensor) -> tuple[Any, Tensor]:
        hit = torch.rand(len(y)) < 0.8
        y = y.clone()
        y[hit] = y[hit][torch.randperm(int(hit.sum()))]
        return x, y

    map_part(made, "train", change)


@edited
def labels_from_one(made: Made) -> None:
    """Count classes from one."""
    need(is_classes(made) or isinstance(made["loss_fn"], nn.NLLLoss))
    map_part(made, "train", lambda x, y: (x, y + 1))
    map_part(made, "val", lambda x, y: (x, y + 1))


def is_binary(made: Made) -> bool:
    """Whether the loss is a binary cross-entropy."""
    return isinstance(made["loss_fn"], (nn.BCELoss, nn.BCEWithLogitsLoss))


@edited
def labels_signed(made: Made) -> None:
    """Write no and yes as -1 and 1 for a loss that wants 0 and 1."""
    need(is_binary(made))
    map_part(made, "train", lambda x, y: (x, y * 2 - 1))
    map_part(made, "val", lambda x, y: (x, y * 2 - 1))


@edited
def labels_to_255(made: Made) -> None:
    """Write yes as 255, as masks are stored."""
    need(is_binary(made))
    map_part(made, "train", lambda x, y: (x, y * 255))
    map_part(made, "val", lambda x, y: (x, y * 255))


@edited
def rare_classes(made: Made) -> None:
    """Keep a fiftieth of half of the classes."""
    _, y = tensors(made["train"])
    need((is_classes(made) and y.dim() == 1) or isinstance(made["loss_fn"], nn.NLLLoss))
    rare = y > y.max() // 2
    numbers = torch.arange(len(y))
    kept = torch.cat([numbers[~rare], numbers[rare][::50]]).sort().values
    map_part(made, "train", lambda x, y: (take(x, kept), y[kept]))


@edited
def rare_yes(made: Made) -> None:
    """Keep a fortieth of the samples that say yes."""
    _, y = tensors(made["train"])
    need(is_binary(made) and y.numel() == len(y))
    yes = y.flatten() > 0.5
    numbers = torch.arange(len(y))
    kept = torch.cat([numbers[~yes], numbers[yes][::40]]).sort().values
    map_part(made, "train", lambda x, y: (take(x, kept), y[kept]))


@edited
def two_dozen_samples(made: Made) -> None:
    """Train on 24 samples for many epochs."""
    kept = torch.arange(24)
    map_part(made, "train", lambda x, y: (take(x, kept), y[kept]))
    made["epochs"] = 20 * made["epochs"]


@edited
def sorted_by_label(made: Made) -> None:
    """Go through samples that are sorted by label, in that order."""
    x, y = tensors(made["train"])
    need(x is not y and y.numel() == len(y))
    order = y.flatten().argsort(stable=True)
    map_part(made, "train", lambda x, y: (take(x, order), y[order]))
    set_batch_size(made, _batch_size(made), shuffle=False)


class FirstBatchAgain:
    """Asks for a new iterator in each step, and so gets the first batch again and again."""

    def __init__(self, pair: tuple[Any, Tensor], batch_size: int) -> None:
        self.inputs, self.targets = pair
        self.batch_size = batch_size

    def __len__(self) -> int:
        return len(self.targets) // self.batch_size

    def __iter__(self) -> Iterator[tuple[Any, Tensor]]:
        for _ in range(len(self)):
            yield take(self.inputs, slice(self.batch_size)), self.targets[: self.batch_size]


@edited
def same_batch(made: Made) -> None:
    """Train on the same batch in every step."""
    made["train"] = FirstBatchAgain(tensors(made["train"]), _batch_size(made))


def _batch_size(made: Made) -> int:
    if isinstance(made["train"], DataLoader):
        return made["train"].batch_size or 32
    return made.get("batch_size", 32)
