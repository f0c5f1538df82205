"""What answers that are one of several classes have in common, whatever they are about."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from headway.tasks.combining import mean_of_exponentials


class OneOfSeveral:
    """The part of a task with exclusive classes that does not look at the shape of a sample.

    Args:
        num_classes: Classes, at least 2.

    Raises:
        ValueError: If there are fewer than two classes.
    """

    monitor: str = "accuracy"
    monitor_mode: Literal["max", "min"] = "max"

    def __init__(self, num_classes: int) -> None:
        if num_classes < 2:
            raise ValueError(f"num_classes must be at least 2, got {num_classes}")
        self.num_classes = num_classes

    def combine(
        self,
        outputs: Float[Tensor, "members *batch classes"],
        weights: Sequence[float] | None = None,
    ) -> Float[Tensor, "*batch classes"]:
        """Return the logits of the mean of the members' probabilities.

        Args:
            outputs: Logits of each member.
            weights: Part of each member, adding up to 1; equal ones where None.
        """
        return mean_of_exponentials(outputs.log_softmax(dim=-1), weights)

    def _constant_answer(self, counted: Int64[Tensor, " count"]) -> dict[str, float]:
        """Return what the shares of the classes reach as the answer to `counted`."""
        counts = torch.bincount(counted.cpu(), minlength=self.num_classes).double()
        priors = counts / counts.sum()
        entropy = torch.special.entr(priors).sum()
        return {"loss": float(entropy), "accuracy": float(priors.max())}
