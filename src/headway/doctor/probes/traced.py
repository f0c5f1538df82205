"""What was seen of the operations of an update."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Cut:
    """An operation that stops the gradient.

    Attributes:
        op: Its name, or "no_grad" for one inside a region without gradients.
        layer: Module in which it ran, "" for the model itself, None outside of the model.
        position: When it ran, as a number of operations.
        line: File, number and text of the line, or "".
        is_flat: Whether its gradient is zero instead of missing.
    """

    op: str
    layer: str | None
    position: int
    line: str
    is_flat: bool


@dataclass(frozen=True, kw_only=True)
class DropoutCall:
    """A call of a function of the dropout family.

    Attributes:
        layer: Module in which it ran.
        p: Probability with which it drops.
        is_on: Whether it dropped.
        line: File, number and text of the line, or "".
        is_output: Whether the model's output is what it returned.
    """

    layer: str | None
    p: float
    is_on: bool
    line: str
    is_output: bool = False


@dataclass(frozen=True, kw_only=True)
class BadOp:
    """The first operation that made a NaN or an infinity of finite numbers.

    Attributes:
        op: Its name.
        layer: Module in which it ran.
        line: File, number and text of the line, or "".
        low: Smallest of its numbers.
        high: Largest of them.
    """

    op: str
    layer: str | None
    line: str
    low: float
    high: float


@dataclass(kw_only=True)
class ForwardTrace:
    """What was seen of one update, up to the backward pass.

    Attributes:
        cuts: In the order in which they ran.
        dropouts: Likewise.
        uses: Position of the last use of each parameter by name.
        unregistered: Parameters that the forward uses, and neither the model lists nor the
            optimizer holds, by the module that used them.
        label_smoothing: Of the cross-entropy that ran, or 0.
        bad_op: Where the first number was lost, or None.
        losses: Names of torch's loss functions that ran.
    """

    cuts: list[Cut] = field(default_factory=list[Cut])
    dropouts: list[DropoutCall] = field(default_factory=list[DropoutCall])
    uses: dict[str, int] = field(default_factory=dict[str, int])
    unregistered: list[str] = field(default_factory=list[str])
    label_smoothing: float = 0.0
    bad_op: BadOp | None = None
    losses: list[str] = field(default_factory=list[str])
