"""The gated recurrent unit."""

from typing import ClassVar, Literal, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from headway.nn.recurrent.cell import (
    RecurrentCell,
    State,
    TorchKernel,
    check_forget_bias,
    keep,
)

Reset = Literal["before", "after"]


class GRU(RecurrentCell):
    """A UGRNN whose update sees the old state through a second gate, the reset.

    r_t = sigmoid(W_r (x_t, h_{t-1}) - B^r),
    z_t = sigmoid(W_z (x_t, h_{t-1}) - B^z),
    n_t = tanh(W^xn x_t + W^hn (r_t * h_{t-1}) - B^n)          reset before the product,
    n_t = tanh(W^xn x_t + r_t * (W^hn h_{t-1} + c^n) - B^n)    reset after it,
    h_t = z_t * h_{t-1} + (1 - z_t) * n_t.

    The gate z keeps the old state, as G of the UGRNN and as z of torch and of Cho et al. do;
    in Olah's figure z lets the new state in, so that z here is 1 - z there. Cho et al. and
    the lecture reset before the product. torch resets after it, with a second bias c^n,
    which makes one product of the three; it has no other form. `bias` holds b = -B in
    torch's order r, z, n.

    Args:
        input_size: Numbers in x_t.
        hidden_size: Numbers in h_t.
        reset: Whether r acts "before" or "after" the product with W^hn.
        forget_bias: Start of the bias of z; above 0 keeps more of the old state.

    Attributes:
        bias_hn: c^n (shape: hidden), or None where r acts before the product.

    Raises:
        ValueError: If a size is below 1, `reset` is unknown or `forget_bias` is not finite.

    Reference:
        Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for
        Statistical Machine Translation", 2014, section 2.3. arXiv:1406.1078.

    Example:
        >>> cell = GRU(3, 5, reset="before")
        >>> cell(torch.zeros(2, 3)).shape
        torch.Size([2, 5])
    """

    num_gates: ClassVar[int] = 3
    has_fast_cpu_kernel: ClassVar[bool] = True
    _keep_gate: ClassVar[int | None] = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        reset: Reset = "after",
        forget_bias: float = 1.0,
    ) -> None:
        if reset not in get_args(Reset):
            raise ValueError(f"reset must be before or after, got {reset!r}")
        check_forget_bias(forget_bias)
        super().__init__(input_size, hidden_size, forget_bias=forget_bias)
        self.reset: Reset = reset
        after = nn.Parameter(torch.zeros(hidden_size)) if reset == "after" else None
        self.register_parameter("bias_hn", after)
        self.bias_hn: nn.Parameter | None = after

    def reset_parameters(self) -> None:
        """Draw fresh weights from the global generator."""
        super().reset_parameters()
        if getattr(self, "bias_hn", None) is not None:
            nn.init.zeros_(self.bias_hn)  # pyright: ignore[reportArgumentType]

    def recurrent_weights(self, like: Tensor) -> State:
        """Return the weights of the gates and, apart from them, those of the update."""
        weight = self.weight_hh.to(like.dtype)
        if self.bias_hn is not None:
            return weight.t(), F.pad(self.bias_hn, (2 * self.hidden_size, 0)).to(like.dtype)
        gates, update = weight.split((2 * self.hidden_size, self.hidden_size))
        return gates.t(), update.t()

    def advance(
        self, projected: Float[Tensor, "batch gates"], state: State, weights: State
    ) -> State:
        """Return the next state."""
        step = _reset_before if self.bias_hn is None else _reset_after
        return (step(projected, state[0], weights),)

    @property
    def torch_kernel(self) -> TorchKernel | None:
        """Function of torch that computes this cell over all steps, or None."""
        return "gru" if self.reset == "after" else None

    def torch_weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return weight_ih, weight_hh, bias_ih and bias_hh as `torch_kernel` takes them."""
        assert self.bias_hn is not None
        bias_hh = F.pad(self.bias_hn, (2 * self.hidden_size, 0))
        return self.weight_ih, self.weight_hh, self.bias, bias_hh

    @torch.no_grad()
    def load_torch_weights(
        self, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
    ) -> None:
        """Take over the weights of a layer of torch; its two biases of r and z are added."""
        assert self.bias_hn is not None
        gates, update = bias_hh.split((2 * self.hidden_size, self.hidden_size))
        super().load_torch_weights(
            weight_ih, weight_hh, bias_ih, F.pad(gates, (0, self.hidden_size))
        )
        self.bias_hn.copy_(update)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"{super().extra_repr()}, reset={self.reset}"


def _reset_before(projected: Tensor, before: Tensor, weights: State) -> Tensor:
    gates, update = projected.split((2 * before.shape[1], before.shape[1]), dim=1)
    gates = torch.addmm(gates, before.to(projected.dtype), weights[0]).sigmoid()
    reset, z = gates.chunk(2, dim=1)
    seen = (reset * before).to(projected.dtype)
    return keep(z, before, torch.addmm(update, seen, weights[1]).tanh())


def _reset_after(projected: Tensor, before: Tensor, weights: State) -> Tensor:
    hidden = before.shape[1]
    recurrent = torch.addmm(weights[1], before.to(projected.dtype), weights[0])
    gates, update = projected.split((2 * hidden, hidden), dim=1)
    recurrent_gates, recurrent_update = recurrent.split((2 * hidden, hidden), dim=1)
    reset, z = (gates + recurrent_gates).sigmoid().chunk(2, dim=1)
    return keep(z, before, (update + reset * recurrent_update).tanh())
