"""Reversible residual blocks: the backward pass computes the activations back."""

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from headway.nn.branches import silence_branch_
from headway.nn.statistics import statistics_kept


class ReversibleBlock(nn.Module):
    """Two residual branches on the halves of the channels: an input that its output tells.

    y1 = x1 + F(x2), y2 = x2 + G(y1), so x2 = y2 - G(y1), x1 = y1 - F(x2). F and G must keep the
    shape; they need not be invertible. On its own the block is trained like any other;
    `ReversibleSequence` is what saves memory.

    Args:
        f: Branch F, from the second half to the first.
        g: Branch G, from the first half to the second.

    Reference:
        Gomez et al., "The Reversible Residual Network: Backpropagation Without Storing
        Activations", 2017, equations 6 and 7. arXiv:1707.04585.

    Example:
        >>> block = ReversibleBlock(nn.Linear(2, 2), nn.Linear(2, 2)).double()
        >>> x = torch.randn(3, 4, dtype=torch.float64)
        >>> torch.allclose(block.inverse(block(x)), x)
        True
    """

    def __init__(self, f: nn.Module, g: nn.Module) -> None:
        super().__init__()
        self.f = f
        self.g = g

    def forward(
        self, x: Float[Tensor, "batch channels *shape"]
    ) -> Float[Tensor, "batch channels *shape"]:
        """Return y1 and y2, one after the other along the channels.

        Raises:
            ValueError: If the number of channels is odd.
        """
        x1, x2 = _halves(x)
        y1 = x1 + self.f(x2)
        return torch.cat((y1, x2 + self.g(y1)), dim=1)

    def inverse(
        self, y: Float[Tensor, "batch channels *shape"]
    ) -> Float[Tensor, "batch channels *shape"]:
        """Return the input whose output is `y`, up to rounding.

        Batch norm in training mode normalizes with the batch, so the same batch comes back.
        """
        y1, y2 = _halves(y)
        with statistics_kept([self]):
            x2 = y2 - self.g(y1)
            return torch.cat((y1 - self.f(x2), x2), dim=1)

    def silence_(self) -> None:
        """Make both branches zero, so that the block is the identity.

        Raises:
            TypeError: If a branch does not end in a layer with weights.
        """
        for branch in (self.f, self.g):
            silence_branch_(branch)


class ReversibleSequence(nn.Module):
    """`ReversibleBlock`s in a row whose activations are computed back, not kept.

    While training only the output is kept for the backward pass, however many blocks there
    are; it computes each block's input from its output, and the gradients on the way, for one
    forward pass more. Dropout draws the same masks again, and batch-norm statistics move once.
    The two halves stay in float32 under autocast: what comes back would otherwise drift with
    every block. In float32 what comes back after 300 of 600 fresh blocks is off by 1e-6 of its
    size, the input itself by 0.4 %, because it is small beside the sum that it is taken from;
    the gradient then differs by 5 % from the stored one (by 0.2 % at 60 blocks), mostly through
    ReLUs that turn over.

    The backward pass is a program of its own (a `torch.autograd.Function`), so torch.compile
    runs this module as it is and compiles what is around it; in evaluation mode the blocks are
    ordinary ones, which compile and export as one graph. There is no second derivative.

    Args:
        *blocks: The blocks, first to last; none is the identity.

    Raises:
        TypeError: If something other than a `ReversibleBlock` is among them.

    Reference:
        Gomez et al., "The Reversible Residual Network: Backpropagation Without Storing
        Activations", 2017, algorithm 1. arXiv:1707.04585.

    Example:
        >>> branches = [nn.Linear(2, 2) for _ in range(6)]
        >>> pairs = zip(branches[::2], branches[1::2])
        >>> sequence = ReversibleSequence(*[ReversibleBlock(f, g) for f, g in pairs])
        >>> sequence(torch.ones(1, 4)).sum().backward()
        >>> branches[0].weight.grad is not None
        True
    """

    def __init__(self, *blocks: ReversibleBlock) -> None:
        super().__init__()
        for block in blocks:
            if not isinstance(block, ReversibleBlock):  # pyright: ignore
                raise TypeError(
                    "a ReversibleSequence holds ReversibleBlock modules, got "
                    f"{type(block).__name__}"
                )
        self.blocks = nn.ModuleList(blocks)

    def __len__(self) -> int:
        return len(self.blocks)

    def __iter__(self) -> Iterator[ReversibleBlock]:
        return cast(Iterator[ReversibleBlock], iter(self.blocks))

    def forward(
        self, x: Float[Tensor, "batch channels *shape"]
    ) -> Float[Tensor, "batch channels *shape"]:
        """Return the output of the last block.

        Raises:
            ValueError: If the number of channels is odd.
        """
        x = _in_full(x)
        if self.training and torch.is_grad_enabled():
            return _without_storing(self, x)
        for block in self.blocks:
            x = block(x)
        return x

    def inverse(
        self, y: Float[Tensor, "batch channels *shape"]
    ) -> Float[Tensor, "batch channels *shape"]:
        """Return the input whose output is `y`, up to rounding."""
        for block in reversed(list(self)):
            y = block.inverse(y)
        return y


def _run(sequence: ReversibleSequence, x: Tensor) -> Tensor:
    branches = [branch for block in sequence for branch in (block.f, block.g)]
    parameters = [p for p in sequence.parameters() if p.requires_grad]
    return cast(Any, _Reversible).apply(branches, x, *parameters)


_without_storing: Any = torch.compiler.disable(_run)


class _Reversible(torch.autograd.Function):
    """Keeps the output of a row of branches, and random states where a branch draws.

    Seen from a branch, every step is the same: (x1, x2) becomes (x2, x1 + branch(x2)).
    """

    @staticmethod
    def forward(
        ctx: Any, branches: list[nn.Module], x: Tensor, *parameters: Tensor
    ) -> Tensor:
        ctx.branches = branches
        ctx.parameters = parameters
        ctx.autocast = _Autocast(x.device.type)
        states: list[list[Tensor]] = []
        x1, x2 = _halves(x)
        with ctx.autocast.context():
            for branch in branches:
                correction, state = _noting_draws(branch, x2)
                states.append(state)
                x1, x2 = x2, x1 + correction
        output = torch.cat((x1, x2), dim=1)
        ctx.num_states = [len(state) for state in states]
        ctx.save_for_backward(output, *(part for state in states for part in state))
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        output, *states = ctx.saved_tensors
        gradients: dict[int, Tensor | None] = dict.fromkeys(map(id, ctx.parameters))
        (y1, y2), (dy1, dy2) = _halves(output), _halves(gradient)
        for branch, count in zip(
            reversed(ctx.branches), reversed(ctx.num_states), strict=True
        ):
            state = [states.pop() for _ in range(count)][::-1]
            with ctx.autocast.context(), _same_draws(state, output.device):
                correction, own = _through(branch, y1, dy2, gradients)
            y1, y2 = y2 - correction, y1
            dy1, dy2 = dy2, dy1 + own
        of_parameters = (gradients[id(parameter)] for parameter in ctx.parameters)
        return None, torch.cat((dy1, dy2), dim=1), *of_parameters


def _through(
    branch: nn.Module, x: Tensor, gradient: Tensor, gradients: dict[int, Tensor | None]
) -> tuple[Tensor, Tensor]:
    """Return branch(x) and the gradient at `x`; add those of the parameters to `gradients`."""
    parameters = [p for p in branch.parameters() if id(p) in gradients]
    x = x.detach().requires_grad_()
    with torch.enable_grad(), statistics_kept([branch]):
        y = branch(x)
    found = torch.autograd.grad(
        y, (x, *parameters), gradient.to(y.dtype), allow_unused=True
    )
    at_x, *at_parameters = cast(tuple[Tensor | None, ...], found)
    for parameter, new in zip(parameters, at_parameters, strict=True):
        old = gradients[id(parameter)]  # a parameter may serve several branches
        gradients[id(parameter)] = new if old is None else old if new is None else old + new
    return y.detach(), torch.zeros_like(x) if at_x is None else at_x


def _noting_draws(branch: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return branch(x), and the random states before it if it has drawn from them."""
    before = _random_states(x.device)
    y = branch(x)
    after = _random_states(x.device)
    is_same = all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    return y, [] if is_same else before


def _random_states(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


@contextmanager
def _same_draws(state: list[Tensor], device: torch.device) -> Generator[None]:
    """Start from the random states `state`, if there are any, and go back afterwards."""
    if not state:
        yield
        return
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.set_rng_state(state[0])
        if devices:
            torch.cuda.set_rng_state(state[1], device)
        yield


class _Autocast:
    """The autocast settings of the forward pass, for the backward pass."""

    def __init__(self, device_type: str) -> None:
        self._device_type = device_type
        self._is_on = torch.is_autocast_enabled(device_type)
        self._dtype = torch.get_autocast_dtype(device_type)

    def context(self) -> AbstractContextManager[Any]:
        # A weight that is cast without gradients must not be found in the cache with them.
        return (
            torch.autocast(self._device_type, dtype=self._dtype, cache_enabled=False)
            if self._is_on
            else nullcontext()
        )


def _in_full(x: Tensor) -> Tensor:
    """Return `x` in float32 where autocast has made it shorter."""
    is_short = x.dtype in (torch.bfloat16, torch.float16)
    return x.float() if is_short and torch.is_autocast_enabled(x.device.type) else x


def _halves(x: Tensor) -> tuple[Tensor, Tensor]:
    if x.shape[1] % 2:
        raise ValueError(
            f"a reversible block divides the channels in two halves, got {x.shape[1]} "
            "channels; make their number even"
        )
    first, second = x.chunk(2, dim=1)
    return first, second
