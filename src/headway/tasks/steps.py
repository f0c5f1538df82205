"""Each step of a sequence belongs to one of several classes."""

import math
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from headway.errors import DataError
from headway.tasks.boundary import read_step_outputs
from headway.tasks.one_of_several import OneOfSeveral

# Target of a step that does not count, as in torch.
IGNORED = -100


class StepClassification(OneOfSeveral):
    """Softmax cross-entropy at the steps that count; the others have -100 as their target.

    Args:
        num_classes: Classes, at least 2.

    Raises:
        ValueError: If there are fewer than two classes.

    Example:
        >>> task = StepClassification(num_classes=4)
        >>> targets = torch.tensor([[IGNORED, 2]])
        >>> round(float(task.loss(torch.zeros(1, 2, 4), targets)), 4)
        1.3863
    """

    def loss(self, outputs: Any, targets: Any) -> Float[Tensor, ""]:
        """Return the mean cross-entropy of the steps that count, in nats.

        Args:
            outputs: Logits (shape: batch, steps, classes).
            targets: Class numbers as int64 (shape: batch, steps).

        Raises:
            ModelError: If `outputs` has another type or shape.
            DataError: If `targets` has another type or shape.
        """
        logits = read_step_outputs(outputs, self.num_classes)
        _check_targets(targets, logits)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def new_metrics(self, device: torch.device) -> "StepMetrics":
        """Return empty metrics on `device`."""
        return StepMetrics(self.num_classes, device)

    def predict(self, outputs: Any) -> Float[Tensor, "batch steps classes"]:
        """Return the probability of each class at each step, in float32 or better."""
        return read_step_outputs(outputs, self.num_classes).softmax(dim=2)

    def chance_level(self, targets: Int64[Tensor, "samples steps"]) -> dict[str, float]:
        """Return what the best answer that is the same at every step reaches on `targets`.

        "loss" is the entropy of the class shares in nats: for a text that of its characters
        one by one. "accuracy" is the share of the most frequent class.
        """
        return self._constant_answer(targets[targets != IGNORED])


class StepMetrics:
    """Loss in nats, and accuracy, over all steps that count.

    Args:
        num_classes: Classes.
        device: Where the sums lie.
    """

    def __init__(self, num_classes: int, device: torch.device) -> None:
        self._num_classes = num_classes
        # Sum of the losses, correct answers, steps.
        self._sums = torch.zeros(3, dtype=torch.float64, device=device)

    @torch.no_grad()
    def update(
        self, outputs: Any, targets: Any, mask: Bool[Tensor, " batch"] | None = None
    ) -> None:
        """Add one batch; samples whose `mask` is False do not count.

        Raises:
            ModelError: If `outputs` are not logits (shape: batch, steps, classes).
            DataError: If `targets` are not int64 class numbers (shape: batch, steps).
        """
        logits = read_step_outputs(outputs, self._num_classes)
        _check_targets(targets, logits)
        if mask is not None:
            targets = targets.masked_fill(~mask[:, None], IGNORED)
        losses = F.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), reduction="none"
        ).double()
        is_hit = logits.argmax(dim=2) == targets
        self._sums += torch.stack(
            [losses.sum(), is_hit.sum().double(), (targets != IGNORED).sum().double()]
        )

    def tensors(self) -> list[Tensor]:
        """Return the sums, to be added up over processes in place."""
        return [self._sums]

    def compute(self) -> dict[str, float]:
        """Return loss and accuracy over all steps that count; nan where there were none."""
        loss, correct, count = self._sums.tolist()
        count = count or math.nan
        return {"loss": loss / count, "accuracy": correct / count}


class LanguageModel(StepClassification):
    """Which character comes next: softmax cross-entropy at every character of a text.

    Args:
        num_classes: Characters that are known, at least 2.

    Raises:
        ValueError: If there are fewer than two.

    Reference:
        Shannon, "Prediction and Entropy of Printed English", 1951 (bits per character).

    Example:
        >>> task = LanguageModel(num_classes=4)
        >>> metrics = task.new_metrics(torch.device("cpu"))
        >>> metrics.update(torch.zeros(1, 2, 4), torch.tensor([[3, 2]]))
        >>> round(metrics.compute()["bits_per_character"], 4)
        2.0
    """

    monitor: str = "loss"
    monitor_mode: Literal["max", "min"] = "min"

    def new_metrics(self, device: torch.device) -> "LanguageMetrics":
        """Return empty metrics on `device`."""
        return LanguageMetrics(self.num_classes, device)

    def chance_level(self, targets: Int64[Tensor, "samples steps"]) -> dict[str, float]:
        """Return what the shares of the characters reach on `targets`, without any memory."""
        return _with_bits(super().chance_level(targets))


class LanguageMetrics(StepMetrics):
    """Loss in nats, accuracy, bits per character and perplexity: loss / ln 2 and exp(loss).

    Args:
        num_classes: Characters that are known.
        device: Where the sums lie.
    """

    def compute(self) -> dict[str, float]:
        """Return the metrics over all characters; nan where there were none."""
        return _with_bits(super().compute())


def _with_bits(values: dict[str, float]) -> dict[str, float]:
    loss = values["loss"]
    # A network that is surer of the wrong answer than floats can say is infinitely perplexed.
    perplexity = math.exp(loss) if loss < 700 else math.inf
    return values | {"bits_per_character": loss / math.log(2), "perplexity": perplexity}


def _check_targets(targets: Any, logits: Tensor) -> None:
    is_fit = isinstance(targets, Tensor) and targets.dtype == torch.int64
    if not (is_fit and targets.shape == logits.shape[:2]):
        found = targets.dtype if isinstance(targets, Tensor) else type(targets).__name__
        shape = tuple(targets.shape) if isinstance(targets, Tensor) else ""
        raise DataError(
            f"the task needs int64 targets of shape {tuple(logits.shape[:2])}, one class "
            f"number per step, got {found} {shape}".rstrip()
        )
