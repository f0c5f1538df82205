"""Each sample belongs to one of several classes, told apart by a margin."""

from typing import Any

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from headway.errors import RecipeError
from headway.tasks.auxiliary import with_auxiliary
from headway.tasks.boundary import check_class_numbers, read_outputs
from headway.tasks.classification import Classification


class HingeClassification(Classification):
    """Multiclass hinge loss over classes.

    sum over j != y of max(0, f_j - f_y + 1): every other class is to score at least 1 below
    the right one, and more is worth nothing. Torch's `multi_margin_loss` is this divided by
    the number of classes. Metrics and predictions are those of `Classification`, so the loss
    that an evaluation reports is the cross-entropy, whatever the network learns by.

    Args:
        num_classes: Classes, at least 2.

    Reference:
        Weston and Watkins, "Support Vector Machines for Multi-Class Pattern Recognition",
        1999; CS231n, lecture 6, "Regularization", has it as the loss of the example.

    Example:
        >>> import torch
        >>> task = HingeClassification(num_classes=3)
        >>> task.loss(torch.tensor([[2.0, 1.5, -3.0]]), torch.tensor([0])).item()
        0.5
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)

    @with_auxiliary
    def loss(self, outputs: Any, targets: Any) -> Float[Tensor, ""]:
        """Return the mean hinge loss.

        Args:
            outputs: Scores (shape: batch, classes).
            targets: Class numbers as int64 (shape: batch).

        Raises:
            ModelError: If `outputs` has another type or shape.
            DataError: If `targets` has another type or shape.
            RecipeError: If `targets` are probabilities, as mixup makes them.
        """
        scores = read_outputs(outputs, self.num_classes)
        if isinstance(targets, Tensor) and targets.is_floating_point():
            raise RecipeError(
                "task.loss=hinge needs one class per sample, and the batches hold shares of "
                "classes; switch augmentation.mixup and augmentation.cutmix off"
            )
        check_class_numbers(targets, len(scores))
        return self.num_classes * F.multi_margin_loss(scores, targets)
