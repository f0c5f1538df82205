"""Remedies for classes of very different size, and for smoothed labels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from headway.doctor.examples import Examples
from headway.doctor.finding import Cause
from headway.doctor.inference import infer_task
from headway.doctor.program import Program, call_model, num_in
from headway.doctor.remedies.losses import BCEWithLogits, CrossEntropy, check_loss
from headway.doctor.remedies.samples import a_batch, all_targets, batch_size_of
from headway.doctor.task import class_ids
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import device_of, evaluating

# Of samples whose positions have a class each.
_SAMPLES = 512


@dataclass(frozen=True)
class ClassWeights:
    """Let each class count the same, by weights in the loss or by how often it is drawn.

    Attributes:
        by: "loss" weighs samples or positions by the inverse of how frequent their class is,
            "root" by the square root of that, with which rare ones are not said of nearly
            everything; "sampler" draws rare samples more often.
    """

    cause: ClassVar[Cause] = "class_imbalance"
    by: Literal["loss", "root", "sampler"] = "loss"

    def apply(self, program: Program) -> Program:
        """Return the program with balanced classes."""
        ids, count = _classes(program, of_positions=self.by != "sampler")
        sizes = torch.bincount(ids, minlength=count).float()
        if self.by == "sampler":
            return replace(program, train=_balanced(program, ids, sizes))
        sizes = sizes.sqrt() if self.by == "root" else sizes
        sizes = sizes.to(device_of(program.model))
        changed = replace(program, loss_fn=_weighted(program.loss_fn, sizes))
        check_loss(changed)
        return changed

    def describe(self) -> str:
        """Return what changes."""
        if self.by == "sampler":
            return "Draw samples of rare classes more often."
        root = "the square root of " if self.by == "root" else ""
        return f"Weigh the classes in the loss by {root}the inverse of their size."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        root = ".sqrt()" if self.by == "root" else ""
        sizes = f"sizes = torch.bincount(y_train.long().flatten()).float(){root}\n"
        if self.by == "sampler":
            return sizes + (
                "sampler = torch.utils.data.WeightedRandomSampler("
                "1 / sizes[y_train], len(y_train))\n"
                "DataLoader(train_set, batch_size=batch_size, sampler=sampler)"
            )
        return sizes + (
            "weight = sizes.sum() / (len(sizes) * sizes)\n"
            "loss_fn = nn.CrossEntropyLoss(weight=weight)\n"
            "# two classes: nn.BCEWithLogitsLoss(pos_weight=sizes[0] / sizes[1])"
        )


@dataclass(frozen=True)
class SetLabelSmoothing:
    """Mix less of the uniform distribution into the labels, or none.

    Attributes:
        label_smoothing: From 0 to 1.
    """

    cause: ClassVar[Cause] = "regularization"
    label_smoothing: float = 0.0

    def apply(self, program: Program) -> Program:
        """Return the program whose cross-entropy smooths so much."""
        loss_fn = program.loss_fn
        if not isinstance(loss_fn, nn.CrossEntropyLoss):
            raise RemedyDoesNotFit(
                "the loss is no nn.CrossEntropyLoss, which smooths labels"
            )
        if loss_fn.label_smoothing == self.label_smoothing:
            raise RemedyDoesNotFit(
                f"the label smoothing is {self.label_smoothing:g} already"
            )
        loss_fn.label_smoothing = self.label_smoothing
        return program

    def describe(self) -> str:
        """Return what changes."""
        return f"Set the label smoothing to {self.label_smoothing:g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return f"loss_fn = nn.CrossEntropyLoss(label_smoothing={self.label_smoothing:g})"


class _Rows(Dataset[Any]):
    """Tensors and structures of them as a data set of samples."""

    def __init__(self, inputs: Any, targets: Any) -> None:
        self._inputs, self._targets = inputs, targets

    def __len__(self) -> int:
        return num_in(self._targets)

    def __getitem__(self, number: int) -> Any:
        return _row(self._inputs, number), _row(self._targets, number)


def _row(values: Any, number: int) -> Any:
    if isinstance(values, Mapping):
        return {name: _row(value, number) for name, value in values.items()}
    if isinstance(values, (tuple, list)):
        return tuple(_row(value, number) for value in values)
    return values[number]


def _classes(program: Program, *, of_positions: bool) -> tuple[Tensor, int]:
    """Return the class of each training sample or position, and how many classes there are.

    Many positions have a class each: some samples tell how frequent theirs are.
    """
    inputs, targets = a_batch(program, size=4096)
    with evaluating(program.model):
        outputs = call_model(program.model, inputs)
    task = infer_task(inputs, outputs, targets, program.loss_fn)
    count = _SAMPLES if task.per_position else program.train.num_samples
    ids = class_ids(task, all_targets(program, count=count))
    if ids is None or (task.per_position and not of_positions):
        raise RemedyDoesNotFit("the samples have no classes to balance")
    ids = ids[ids >= 0] if task.per_position else ids
    return ids.cpu(), task.num_classes


def _weighted(loss_fn: Any, sizes: Tensor) -> nn.Module:
    name = getattr(loss_fn, "__name__", type(loss_fn).__name__)
    if (len(sizes) == 2 and "binary_cross_entropy_with_logits" in name) or isinstance(
        loss_fn, nn.BCEWithLogitsLoss
    ):
        return BCEWithLogits(pos_weight=sizes[0] / sizes[1].clamp(min=1))
    if isinstance(loss_fn, nn.CrossEntropyLoss) or name == "cross_entropy":
        known = (sizes > 0).sum()
        weight = sizes.sum() / (known * sizes.clamp(min=1))
        smoothing = getattr(loss_fn, "label_smoothing", 0.0)
        return CrossEntropy(weight=weight, label_smoothing=smoothing)
    raise RemedyDoesNotFit(f"the loss {name} takes no weights of classes")


def _balanced(program: Program, ids: Tensor, sizes: Tensor) -> Examples:
    examples = program.train
    source = examples.source
    if isinstance(source, tuple):
        dataset: Any = _Rows(*source)
    elif isinstance(source, DataLoader):
        dataset = source.dataset
    elif not examples.decides_itself:
        dataset = source
    else:
        raise RemedyDoesNotFit(f"a {type(source).__name__} draws its samples itself")
    sampler = WeightedRandomSampler(
        (1 / sizes.clamp(min=1))[ids].tolist(), examples.num_samples
    )
    loader = DataLoader(
        dataset,
        batch_size=batch_size_of(program),
        sampler=sampler,
        collate_fn=getattr(source, "collate_fn", None),
    )
    return replace(examples, source=loader)
