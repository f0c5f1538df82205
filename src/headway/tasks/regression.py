"""Each sample has one or several real values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor
from torch.nn import functional as F

from headway.tasks.auxiliary import with_auxiliary
from headway.tasks.boundary import check_float_targets, read_outputs

_MEANING = "one value per sample and target"


class Regression:
    """Squared error of standardized targets; predictions and metrics in their own units.

    The network predicts (value - mean) / std. Targets are standardized in float64, and
    errors are scaled up from there, so that a large mean costs no digits.

    Args:
        mean: Mean of each target in the training part.
        std: Standard deviation of each target in the training part, above 0.

    Attributes:
        mean: As given.
        std: As given.

    Raises:
        ValueError: If `mean` or `std` is not finite, or `std` not above 0.

    Example:
        >>> task = Regression(torch.tensor([20.0]).double(), torch.tensor([4.0]).double())
        >>> task.predict(torch.tensor([[0.5]])).tolist()
        [[22.0]]
    """

    monitor: str = "r2"
    monitor_mode: Literal["max", "min"] = "max"

    def __init__(
        self, mean: Float64[Tensor, " targets"], std: Float64[Tensor, " targets"]
    ) -> None:
        if not bool((mean.isfinite() & std.isfinite() & (std > 0.0)).all()):
            raise ValueError(
                "mean and std must be finite and std above 0, got mean "
                f"{mean.tolist()} and std {std.tolist()}"
            )
        self.mean = mean
        self.std = std
        self._units = _Units(mean, std)

    @with_auxiliary
    def loss(self, outputs: Any, targets: Any) -> Float[Tensor, ""]:
        """Return the mean squared error of the standardized values.

        Args:
            outputs: Standardized predictions (shape: batch, targets).
            targets: Values in their own units (shape: batch, targets).

        Raises:
            ModelError: If `outputs` has another type or shape.
            DataError: If `targets` has another type or shape.
        """
        values = read_outputs(outputs, len(self.mean))
        check_float_targets(targets, values.shape, _MEANING)
        wanted = self._units_on(values.device).standardize(targets)
        return F.mse_loss(values, wanted.to(values.dtype))

    def new_metrics(self, device: torch.device) -> "RegressionMetrics":
        """Return empty metrics on `device`."""
        return RegressionMetrics(self.mean.to(device), self.std.to(device))

    def predict(self, outputs: Any) -> Float64[Tensor, "batch targets"]:
        """Return the predicted values in their own units."""
        values = read_outputs(outputs, len(self.mean))
        return self._units_on(values.device).restore(values)

    def combine(
        self,
        outputs: Float[Tensor, "members *batch targets"],
        weights: Sequence[float] | None = None,
    ) -> Float[Tensor, "*batch targets"]:
        """Return the mean of the members' outputs.

        Args:
            outputs: Standardized predictions of each member.
            weights: Part of each member, adding up to 1; equal ones where None.
        """
        if weights is None:
            return outputs.mean(dim=0)
        return torch.tensordot(outputs.new_tensor(weights), outputs, dims=1)

    def chance_level(self, targets: Float[Tensor, "samples targets"]) -> dict[str, float]:
        """Return what the mean of `targets` as a constant answer reaches on them.

        "rmse" is their standard deviation (averaged over the targets), "r2" is 0.
        """
        std = targets.cpu().double().std(dim=0, correction=0)
        return {"rmse": float(std.mean()), "r2": 0.0}

    def _units_on(self, device: torch.device) -> "_Units":
        # Kept on the device last used: a copy in every step would make the host wait.
        if self._units.mean.device != device:
            self._units = _Units(self.mean.to(device), self.std.to(device))
        return self._units


class RegressionMetrics:
    """Standardized squared error as the loss; rmse, mae and r2 in the targets' own units.

    With several targets each metric is the plain mean of the metrics of the targets. As in
    scikit-learn, the r2 of a target that does not vary is 1 for a perfect prediction and 0
    for any other.

    Args:
        mean: Mean of each target that the predictions are relative to.
        std: Unit of the predictions; the sums lie on its device.
    """

    def __init__(
        self, mean: Float64[Tensor, " targets"], std: Float64[Tensor, " targets"]
    ) -> None:
        self._units = _Units(mean, std)
        # Per target, of standardized values: samples, squared errors, absolute errors,
        # targets, squared targets. Targets are relative to the training mean, so that the
        # difference of the last two loses no digits.
        self._sums = torch.zeros(5, len(mean), dtype=torch.float64, device=mean.device)

    @torch.no_grad()
    def update(
        self, outputs: Any, targets: Any, mask: Bool[Tensor, " batch"] | None = None
    ) -> None:
        """Add one batch; samples whose `mask` is False do not count.

        Raises:
            ModelError: If `outputs` are not standardized values (shape: batch, targets).
            DataError: If `targets` are not floats (shape: batch, targets).
        """
        values = read_outputs(outputs, len(self._units.mean))
        check_float_targets(targets, values.shape, _MEANING)
        wanted = self._units.standardize(targets)
        error = values.double() - wanted
        ones = torch.ones_like(wanted)
        terms = torch.stack([ones, error**2, error.abs(), wanted, wanted**2])
        if mask is not None:
            terms = torch.where(mask[:, None], terms, 0.0)
        self._sums += terms.sum(dim=1)

    def tensors(self) -> list[Tensor]:
        """Return the sums, to be added up over processes in place."""
        return [self._sums]

    def compute(self) -> dict[str, float]:
        """Return loss, rmse, mae and r2; nan where there were no samples."""
        *sums, std = torch.cat([self._sums, self._units.std[None]]).cpu()
        count, squared, absolute, total, total_squared = sums
        count = torch.where(count > 0, count, math.nan)
        return {
            "loss": float((squared / count).mean()),
            "rmse": float(((squared / count).sqrt() * std).mean()),
            "mae": float((absolute / count * std).mean()),
            "r2": float(_r2(squared, total, total_squared, count).mean()),
        }


@dataclass(frozen=True, slots=True)
class _Units:
    """Mean and standard deviation that turn values into standardized ones and back."""

    mean: Tensor
    std: Tensor

    def standardize(self, values: Tensor) -> Tensor:
        return (values.double() - self.mean) / self.std

    def restore(self, standardized: Tensor) -> Tensor:
        return standardized.double() * self.std + self.mean


def _r2(squared: Tensor, total: Tensor, total_squared: Tensor, count: Tensor) -> Tensor:
    """Return 1 - squared errors / squared distances of the targets from their mean."""
    spread = total_squared - total**2 / count
    # What is left of a constant target is rounding, about 1e-16 of the sum it comes from.
    varies = spread > 1e-12 * total_squared
    constant = torch.where(squared > 0.0, 0.0, 1.0)
    r2 = torch.where(varies, 1.0 - squared / spread, constant)
    return torch.where(count.isnan(), math.nan, r2)
