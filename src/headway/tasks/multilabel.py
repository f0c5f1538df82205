"""Each sample has any number of several labels."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from headway.tasks.auxiliary import with_auxiliary
from headway.tasks.boundary import check_float_targets, read_outputs
from headway.tasks.combining import mean_of_exponentials

_MEANING = "0 or 1 per sample and label"


class MultiLabel:
    """Sigmoid cross-entropy, one yes-or-no question per label.

    Args:
        num_labels: Labels, at least 1.

    Raises:
        ValueError: If there is no label.

    Example:
        >>> MultiLabel(num_labels=2).predict(torch.zeros(1, 2)).tolist()
        [[0.5, 0.5]]
    """

    monitor: str = "f1"
    monitor_mode: Literal["max", "min"] = "max"

    def __init__(self, num_labels: int) -> None:
        if num_labels < 1:
            raise ValueError(f"num_labels must be at least 1, got {num_labels}")
        self.num_labels = num_labels

    @with_auxiliary
    def loss(self, outputs: Any, targets: Any) -> Float[Tensor, ""]:
        """Return the cross-entropy in nats, averaged over samples and labels.

        Args:
            outputs: Logits (shape: batch, labels).
            targets: 0.0 or 1.0 (shape: batch, labels).

        Raises:
            ModelError: If `outputs` has another type or shape.
            DataError: If `targets` has another type or shape.
        """
        logits = read_outputs(outputs, self.num_labels)
        check_float_targets(targets, logits.shape, _MEANING)
        return F.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype))

    def new_metrics(self, device: torch.device) -> "MultiLabelMetrics":
        """Return empty metrics on `device`."""
        return MultiLabelMetrics(self.num_labels, device)

    def predict(self, outputs: Any) -> Float[Tensor, "batch labels"]:
        """Return the probability of each label, in float32 or better."""
        return read_outputs(outputs, self.num_labels).sigmoid()

    def combine(
        self,
        outputs: Float[Tensor, "members *batch labels"],
        weights: Sequence[float] | None = None,
    ) -> Float[Tensor, "*batch labels"]:
        """Return the logits of the mean p of the members' probabilities: log(p / (1 - p)).

        Args:
            outputs: Logits of each member.
            weights: Part of each member, adding up to 1; equal ones where None.
        """
        yes = mean_of_exponentials(F.logsigmoid(outputs), weights)
        return yes - mean_of_exponentials(F.logsigmoid(-outputs), weights)

    def chance_level(self, targets: Float[Tensor, "samples labels"]) -> dict[str, float]:
        """Return what constant answers reach on `targets`, each metric with its best one.

        "loss" answers the share of each label; "f1" the most frequent labels, as many as
        serve it best; "macro_f1" every label; "exact_match" the most frequent set of
        labels.
        """
        present = targets.cpu().double()
        priors = present.mean(dim=0)
        entropy = torch.special.entr(priors) + torch.special.entr(1.0 - priors)
        hits = priors.sort(descending=True).values.cumsum(dim=0)
        answered = torch.arange(1, self.num_labels + 1)
        sets = torch.unique(present, dim=0, return_counts=True)[1]
        return {
            "loss": float(entropy.mean()),
            "f1": float((2.0 * hits / (answered + priors.sum())).max()),
            "macro_f1": float((2.0 * priors / (1.0 + priors)).mean()),
            "exact_match": float(sets.max() / len(present)),
        }


class MultiLabelMetrics:
    """Loss in nats, F1 over all answers, mean F1 over the labels, and exact matches.

    A label counts as predicted where its probability is above one half. The F1 of a label
    that is neither present nor predicted anywhere counts as 0.

    Args:
        num_labels: Labels.
        device: Where the sums lie.
    """

    def __init__(self, num_labels: int, device: torch.device) -> None:
        self._num_labels = num_labels
        # Summed loss per sample, exact matches, samples.
        self._totals = torch.zeros(3, dtype=torch.float64, device=device)
        # Per label: present and predicted, predicted, present.
        self._counts = torch.zeros(3, num_labels, dtype=torch.int64, device=device)

    @torch.no_grad()
    def update(
        self, outputs: Any, targets: Any, mask: Bool[Tensor, " batch"] | None = None
    ) -> None:
        """Add one batch; samples whose `mask` is False do not count.

        Raises:
            ModelError: If `outputs` are not logits (shape: batch, labels).
            DataError: If `targets` are not floats (shape: batch, labels).
        """
        logits = read_outputs(outputs, self._num_labels)
        check_float_targets(targets, logits.shape, _MEANING)
        is_real = torch.ones_like(targets[:, 0], dtype=torch.bool) if mask is None else mask
        losses = F.binary_cross_entropy_with_logits(
            logits, targets.to(logits.dtype), reduction="none"
        )
        per_sample = torch.where(is_real, losses.double().mean(dim=1), 0.0)
        predicted, present = logits > 0.0, targets > 0.5
        is_exact = (predicted == present).all(dim=1) & is_real
        self._totals += torch.stack([per_sample, is_exact, is_real]).sum(dim=1)
        answers = torch.stack([predicted & present, predicted, present])
        self._counts += (answers & is_real[:, None]).sum(dim=1)

    def tensors(self) -> list[Tensor]:
        """Return the sums, to be added up over processes in place."""
        return [self._totals, self._counts]

    def compute(self) -> dict[str, float]:
        """Return loss, f1, macro_f1 and exact_match; nan where there were no samples."""
        sums = torch.cat([self._totals, self._counts.double().flatten()]).cpu()
        loss, exact, count = sums[:3].tolist()
        if not count:
            return dict.fromkeys(("loss", "f1", "macro_f1", "exact_match"), math.nan)
        both, predicted, present = sums[3:].view(3, -1)
        answers = predicted + present
        return {
            "loss": loss / count,
            "f1": float(_f1(both.sum(), answers.sum())),
            "macro_f1": float(_f1(both, answers).mean()),
            "exact_match": exact / count,
        }


def _f1(both: Tensor, answers: Tensor) -> Tensor:
    """Return 2 * both / (predicted + present), 0 where nothing is predicted or present."""
    return torch.where(answers > 0, 2.0 * both / answers.clamp(min=1), 0.0)
