"""What the engine expects of a task: a loss, metrics and a prediction."""

from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Metrics(Protocol):
    """Sums over the samples seen so far; adding to them never waits for the device."""

    def update(self, outputs: Any, targets: Any, mask: Tensor | None = None) -> None:
        """Add one batch; samples whose `mask` is False only pad the batch."""
        ...

    def tensors(self) -> list[Tensor]:
        """Return the sums, which the engine adds up over the processes in place."""
        ...

    def compute(self) -> dict[str, float]:
        """Return the metrics by name; "loss" is always one of them."""
        ...


@runtime_checkable
class Task(Protocol):
    """What a network is trained for."""

    @property
    def monitor(self) -> str:
        """Metric that decides which snapshot is the best."""
        ...

    @property
    def monitor_mode(self) -> Literal["max", "min"]:
        """Whether a larger or a smaller value of it is better."""
        ...

    def loss(self, outputs: Any, targets: Any, /) -> Tensor:
        """Return the mean training loss of one batch as a scalar."""
        ...

    def new_metrics(self, device: torch.device) -> Metrics:
        """Return empty metrics whose sums lie on `device`."""
        ...

    def predict(self, outputs: Any) -> Tensor:
        """Turn outputs into probabilities, or into values in their own units."""
        ...
