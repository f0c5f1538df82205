"""What is kept of one update: heads, losses, what is put together with what."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from headway.doctor.calls import Call


@dataclass(frozen=True, kw_only=True)
class Head:
    """The function that made the numbers of a tensor.

    Attributes:
        op: Its name, such as "linear", "softmax" or "div".
        layer: Module in which it ran, "" for the model itself, None outside of it.
        dim: The dimension that a softmax went along, or None.
        reach: Between which numbers its results lie, whatever the weights are; None where
            that is not known.
    """

    op: str
    layer: str | None = None
    dim: int | None = None
    reach: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a tensor comes from.

    Attributes:
        head: The function that made its numbers, or None where that was not seen.
        kinds: Of "input", "output", "main" (the main output) and "target", those that went
            into it. What a layer with weights made of the input is not the input any more.
        entry: Number of the entry whose result it is, or None.
    """

    head: Head | None = None
    kinds: frozenset[str] = frozenset()
    entry: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """Where an input meets the first weights.

    Attributes:
        op: Of the layer with the weights.
        layer: Its name.
        values: What goes into it, with the features last.
        is_normalized: Whether a norm layer follows at once.
        is_embedded: Whether ids are looked up there.
    """

    op: str
    layer: str | None
    values: Tensor
    is_normalized: bool = False
    is_embedded: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenLoss:
    """One call of a loss of torch.

    Attributes:
        call: With all of its arguments.
        given: Its first argument, detached.
        target: Its second, or None.
        head: What made the first.
        is_of_output: Whether the first comes from the model.
        is_of_main: Whether it comes from the main output and no other.
        error: What it raised, or "".
    """

    call: Call
    given: Tensor
    target: Tensor | None
    head: Head | None
    is_of_output: bool
    is_of_main: bool
    error: str = ""

    @property
    def name(self) -> str:
        """Name of the loss in torch.nn.functional."""
        return self.call.name


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """An operation of outputs with targets of another shape.

    Attributes:
        op: Its name.
        output_shape: Of the side that comes from the model.
        target_shape: Of the side that comes from the targets.
    """

    op: str
    output_shape: tuple[int, ...]
    target_shape: tuple[int, ...]

    @property
    def is_outer(self) -> bool:
        """Whether every output meets every target: the result is larger than both."""
        try:
            result = torch.broadcast_shapes(self.output_shape, self.target_shape)
        except RuntimeError:
            return False
        sizes = [torch.Size(s).numel() for s in (self.output_shape, self.target_shape)]
        return torch.Size(result).numel() > max(sizes)


@dataclass(frozen=True, kw_only=True)
class Accident:
    """A row of samples and a column of them that met, and what was made of the square.

    Attributes:
        op: Name of the operation in which they met.
        shapes: Of its two sides.
        end: The function that made one number of the square.
    """

    op: str
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    end: str


@dataclass(frozen=True, kw_only=True)
class Danger:
    """An operation that can leave the numbers that a computer has.

    Attributes:
        op: "log", "div", "exp", "sqrt", or a softmax along the samples.
        layer: Module in which it ran, None in the loss.
        source: The function that made what goes into it, or "".
        low: Smallest number that went into it, or into the divisor.
        high: Largest.
    """

    op: str
    layer: str | None
    source: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Reshape:
    """A view whose sizes are those of what it is made of, in another order.

    Attributes:
        op: "view" or "reshape".
        layer: Module of the model in which it ran.
        before: Shape that went in.
        after: Shape that came out.
    """

    op: str
    layer: str
    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NormCall:
    """A call of a norm within each sample.

    Attributes:
        op: "group_norm", "instance_norm", "layer_norm" or "rms_norm".
        layer: Module of the model in which it ran.
        values: Over how many numbers it took each of its statistics.
    """

    op: str
    layer: str
    values: int


@dataclass(kw_only=True)
class LossTrace:
    """What was seen.

    Attributes:
        outputs: What the model returned, detached, or None where it was not called.
        head: What made the main output.
        entries: Where inputs meet weights.
        losses: In the order in which they ran.
        meetings: Of outputs with targets of another shape.
        accidents: Rows and columns of samples that met.
        dangers: In the order in which they ran.
        norms: Norms within each sample that the model calls.
        reshapes: Views in the model that exchange axes without moving their numbers.
        forwards: How often the model was called.
    """

    outputs: Any = None
    head: Head | None = None
    entries: list[Entry] = field(default_factory=list[Entry])
    losses: list[SeenLoss] = field(default_factory=list[SeenLoss])
    meetings: list[Meeting] = field(default_factory=list[Meeting])
    accidents: list[Accident] = field(default_factory=list[Accident])
    dangers: list[Danger] = field(default_factory=list[Danger])
    norms: list[NormCall] = field(default_factory=list[NormCall])
    reshapes: list[Reshape] = field(default_factory=list[Reshape])
    forwards: int = 0
