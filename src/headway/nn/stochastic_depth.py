"""Stochastic depth: residual branches that are left out at random while training."""

from collections.abc import Callable
from typing import Any, Literal, cast, get_args

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn

DropMode = Literal["batch", "row"]


class StochasticDepth(nn.Module):
    """Leave out a residual branch f with probability 1 - p while training.

    Training: b f(x) with b = 1 with probability p, else 0. Evaluation: p f(x), its expectation.
    `torchvision.ops.StochasticDepth` divides by p in training instead, and agrees with this
    one in expectation after f is scaled by p; the form here is the paper's.

    "batch" draws one b for all samples, as the paper does, and `run` does not even compute a
    branch that is left out: that is what saves time. The draw is a branch of the program, so
    torch.compile breaks its graph there. Of several processes each computes every branch and
    multiplies it, because their batch norms wait for each other. "row" draws b for each
    sample, saves no time, and compiles as one graph.

    Args:
        drop_prob: Probability 1 - p of leaving the branch out.
        mode: "batch" or "row".

    Raises:
        ValueError: If `drop_prob` is not in 0..1, or `mode` is unknown.

    Reference:
        Huang et al., "Deep Networks with Stochastic Depth", 2016, equations 2 and 5.
        arXiv:1603.09382.

    Example:
        >>> depth = StochasticDepth(0.2).eval()
        >>> depth(torch.ones(1, 2))
        tensor([[0.8000, 0.8000]])
    """

    def __init__(self, drop_prob: float = 0.0, *, mode: DropMode = "batch") -> None:
        super().__init__()
        if not 0.0 <= drop_prob <= 1.0:
            raise ValueError(f"drop_prob must be between 0 and 1, got {drop_prob}")
        if mode not in get_args(DropMode):
            raise ValueError(f"mode must be 'batch' or 'row', got {mode!r}")
        self.drop_prob = drop_prob
        self.mode: DropMode = mode

    def forward(
        self, branch: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, "batch *shape"]:
        """Return b times `branch`, the output of a branch; p times in evaluation mode."""
        if self.drop_prob == 0.0:
            return branch
        if not self.training:
            return branch * (1.0 - self.drop_prob)
        num_draws = len(branch) if self.mode == "row" else 1
        draws = torch.rand(num_draws, device=branch.device) >= self.drop_prob
        return branch * draws.to(branch.dtype).view(-1, *[1] * (branch.ndim - 1))

    def run(self, branch: Callable[[Tensor], Tensor], x: Tensor) -> Tensor | None:
        """Return what `forward` makes of branch(x), or None where it is left out whole.

        A block that gets None goes on with `bypass`.

        Args:
            branch: The residual branch; it is not called in a pass that leaves it out.
            x: Its input.
        """
        if self.drop_prob == 0.0:
            return branch(x)
        is_parallel = dist.is_available() and dist.is_initialized()
        if self.training and self.mode == "batch" and not is_parallel:
            return branch(x) if torch.rand(()).item() >= self.drop_prob else None
        return self(branch(x))

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"drop_prob={self.drop_prob:g}, mode={self.mode!r}"


def bypass(x: Float[Tensor, "*shape"], block: nn.Module) -> Float[Tensor, "*shape"]:
    """Return `x`, and let every parameter of `block` have a gradient of zero.

    Parameters without a gradient would be left behind by the optimizer's momentum and decay,
    and torch's fused SGD refuses them.

    Args:
        x: What goes around the block's branch.
        block: The block whose branch is left out.
    """
    parameters = [parameter for parameter in block.parameters() if parameter.requires_grad]
    return cast(Any, _ZeroGradients).apply(x, *parameters)


class _ZeroGradients(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *parameters: Tensor) -> Tensor:
        ctx.parameters = parameters
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:  # pyright: ignore
        return gradient, *(torch.zeros_like(parameter) for parameter in ctx.parameters)


def set_survival_(
    network: nn.Module, final_survival: float = 0.5, *, mode: DropMode = "batch"
) -> nn.Module:
    """Give the residual blocks of `network` survival probabilities that decay linearly.

    Block l of L is kept with probability p_l = 1 - l / L (1 - p_L): the first almost always,
    the last with probability p_L. On average L / 4 blocks of a network with p_L = 0.5 are left
    out, and as much of the time.

    Args:
        network: Holds `StochasticDepth` modules, as the residual blocks of `headway.nn` do.
        final_survival: Survival probability p_L of the last block; 1 turns it off.
        mode: See `StochasticDepth`.

    Returns:
        The same `network`.

    Raises:
        ValueError: If the network has no block with stochastic depth, or the probability is
            not above 0 and at most 1.

    Reference:
        Huang et al., "Deep Networks with Stochastic Depth", 2016, equation 4.
        arXiv:1603.09382.

    Example:
        >>> network = nn.Sequential(*[StochasticDepth() for _ in range(4)])
        >>> [depth.drop_prob for depth in set_survival_(network, 0.5)]
        [0.125, 0.25, 0.375, 0.5]
    """
    if not 0.0 < final_survival <= 1.0:
        raise ValueError(
            f"final_survival must be above 0 and at most 1, got {final_survival}"
        )
    depths = [module for module in network.modules() if isinstance(module, StochasticDepth)]
    if not depths:
        raise ValueError(
            f"{type(network).__name__} has no block with stochastic depth; build it of "
            "headway.nn.Residual, or put StochasticDepth after its residual branches"
        )
    for number, depth in enumerate(depths, start=1):
        depth.drop_prob = number / len(depths) * (1.0 - final_survival)
        depth.mode = mode
    return network
