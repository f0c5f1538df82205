"""What every loop of engine_overhead.py trains: the network, the batches, the optimizer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headway.data import ArraySplit, epoch_order
from headway.engine import Precision
from headway.models import build_model

# For torch.optim.SGD, in every loop that does not bring its own optimizer.
SGD_SETTINGS: dict[str, Any] = {
    "lr": 0.01,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "fused": True,
}
NUM_CLASSES = 10
PLAIN = Precision(mode="off", channels_last=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """One epoch of synthetic samples.

    Attributes:
        name: Heading of its table.
        model: Name of the network.
        options: Options of the network.
        input_shape: Shape of one sample.
        batch_size: Samples of one step.
        num_batches: Steps of one run.
        skip: Steps before the clock starts.
        precision: Number format and layout of the bare loop and of headway.
    """

    name: str
    model: str
    options: dict[str, Any]
    input_shape: tuple[int, ...]
    batch_size: int
    num_batches: int
    skip: int
    precision: Precision = PLAIN

    def split(self) -> ArraySplit:
        """Return the samples, the same in each call."""
        generator = torch.Generator().manual_seed(1)
        count = self.num_batches * self.batch_size
        inputs = torch.randn(count, *self.input_shape, generator=generator)
        return ArraySplit(inputs, torch.randint(NUM_CLASSES, (count,), generator=generator))

    def network(self) -> nn.Module:
        """Return the network, with the same weights in each call."""
        torch.manual_seed(0)
        return build_model(
            self.model,
            input_shape=self.input_shape,
            num_outputs=NUM_CLASSES,
            options=self.options,
        ).train()

    def gather(self, split: ArraySplit) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches, in the order that headway's loader has."""
        inputs, targets = split.inputs, split.targets
        for indices in epoch_order(0, 0, len(split)).split(self.batch_size):
            yield inputs.index_select(0, indices), targets.index_select(0, indices)


@dataclass(frozen=True, slots=True)
class Job:
    """What a loop of another library gets.

    Attributes:
        model: The network.
        num_batches: Steps to train.
        batches: Starts the epoch.
    """

    model: nn.Module
    num_batches: int
    batches: Callable[[], Iterator[tuple[Tensor, Tensor]]]


@dataclass(frozen=True, slots=True)
class Finish:
    """One run: the seconds of a step, and all weights and buffers at the end."""

    seconds: float
    weights: Tensor


def finish(seconds: float, model: nn.Module) -> Finish:
    """Return what a run came to."""
    flat = [tensor.double().flatten() for tensor in model.state_dict().values()]
    return Finish(seconds, torch.cat(flat))
