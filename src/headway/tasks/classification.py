"""Each sample belongs to one of several classes."""

import math
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from headway.errors import RecipeError
from headway.tasks.auxiliary import with_auxiliary
from headway.tasks.boundary import check_class_numbers, read_class_targets, read_outputs
from headway.tasks.one_of_several import OneOfSeveral


class Classification(OneOfSeveral):
    """Softmax cross-entropy over classes.

    Args:
        num_classes: Classes, at least 2.
        label_smoothing: Share of each target that is spread evenly over all classes in
            training, in 0..1; the metrics know nothing of it.

    Raises:
        RecipeError: If `label_smoothing` is out of range.
        ValueError: If there are fewer than two classes.

    Reference:
        Szegedy et al., "Rethinking the Inception Architecture", 2015, section 7 (label
        smoothing). arXiv:1512.00567.

    Example:
        >>> task = Classification(num_classes=3)
        >>> task.predict(torch.zeros(1, 3)).tolist()
        [[0.3333333432674408, 0.3333333432674408, 0.3333333432674408]]
    """

    def __init__(self, num_classes: int, label_smoothing: float = 0.0) -> None:
        super().__init__(num_classes)
        if not 0.0 <= label_smoothing < 1.0:
            raise RecipeError(
                f"label_smoothing must be at least 0 and below 1, got {label_smoothing}"
            )
        self.label_smoothing = label_smoothing

    @with_auxiliary
    def loss(self, outputs: Any, targets: Any) -> Float[Tensor, ""]:
        """Return the mean cross-entropy in nats, with label smoothing.

        Args:
            outputs: Logits (shape: batch, classes).
            targets: Class numbers as int64 (shape: batch), or a probability for each class
                (shape: batch, classes), as mixup makes them.

        Raises:
            ModelError: If `outputs` has another type or shape.
            DataError: If `targets` has another type or shape.
        """
        logits = read_outputs(outputs, self.num_classes)
        targets = read_class_targets(targets, logits)
        return F.cross_entropy(logits, targets, label_smoothing=self.label_smoothing)

    def new_metrics(self, device: torch.device) -> "ClassificationMetrics":
        """Return empty metrics on `device`."""
        return ClassificationMetrics(self.num_classes, device)

    def predict(self, outputs: Any) -> Float[Tensor, "batch classes"]:
        """Return the probability of each class, in float32 or better."""
        return read_outputs(outputs, self.num_classes).softmax(dim=1)

    def chance_level(self, targets: Int64[Tensor, " samples"]) -> dict[str, float]:
        """Return what the best constant answer reaches on `targets`.

        "loss" is the entropy of the class shares in nats, which is ln(num_classes) where
        all classes are equally frequent; "accuracy" is the share of the largest class.
        """
        return self._constant_answer(targets)


class ClassificationMetrics:
    """Loss in nats without label smoothing, accuracy, and top-5 accuracy.

    "top5" is the share of samples whose class is among the five likeliest ones; it is left
    out where there are no more than five classes.

    Args:
        num_classes: Classes.
        device: Where the sums lie; they take 8 * num_classes**2 bytes.
    """

    def __init__(self, num_classes: int, device: torch.device) -> None:
        self._num_classes = num_classes
        self._loss = torch.zeros((), dtype=torch.float64, device=device)
        self._top5 = torch.zeros((), dtype=torch.int64, device=device)
        cells = num_classes**2
        self._confusion = torch.zeros(cells, dtype=torch.int64, device=device)

    @torch.no_grad()
    def update(
        self, outputs: Any, targets: Any, mask: Bool[Tensor, " batch"] | None = None
    ) -> None:
        """Add one batch; samples whose `mask` is False do not count.

        Raises:
            ModelError: If `outputs` are not logits (shape: batch, classes).
            DataError: If `targets` are not int64 class numbers (shape: batch).
        """
        logits = read_outputs(outputs, self._num_classes)
        check_class_numbers(targets, len(logits))
        counts = torch.ones_like(targets, dtype=torch.bool) if mask is None else mask
        losses = F.cross_entropy(logits, targets, reduction="none").double()
        self._loss += torch.where(counts, losses, 0.0).sum()
        # Not bincount, which waits for the device to learn the size of its result.
        cells = targets * self._num_classes + logits.argmax(dim=1)
        self._confusion.index_add_(0, cells, counts.long())
        if self._has_top5:
            is_hit = (logits.topk(5, dim=1).indices == targets[:, None]).any(dim=1)
            self._top5 += (is_hit & counts).sum()

    def tensors(self) -> list[Tensor]:
        """Return the sums, to be added up over processes in place."""
        return [self._loss, self._top5, self._confusion]

    def compute(self) -> dict[str, float]:
        """Return loss, accuracy and top5 over all samples; nan where there were none."""
        confusion = self.confusion()
        sums = [self._loss, confusion.diagonal().sum(), self._top5, confusion.sum()]
        loss, correct, top5, count = torch.stack([s.double() for s in sums]).tolist()
        count = count or math.nan
        metrics = {"loss": loss / count, "accuracy": correct / count}
        return metrics | ({"top5": top5 / count} if self._has_top5 else {})

    def confusion(self) -> Int64[Tensor, "classes classes"]:
        """Return how often each true class (row) was taken for each class (column)."""
        return self._confusion.view(self._num_classes, self._num_classes).clone()

    @property
    def _has_top5(self) -> bool:
        return self._num_classes > 5
