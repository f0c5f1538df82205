"""The update-gate recurrent network."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from headway.nn.recurrent.cell import (
    RecurrentCell,
    State,
    TorchKernel,
    check_forget_bias,
    keep,
)


class UGRNN(RecurrentCell):
    """A recurrent layer with one gate, a skip connection through time.

    R_t = tanh(W^hR h_{t-1} + W^xR x_t - B^R),
    G_t = sigmoid(W^hG h_{t-1} + W^xG x_t - B^G),
    h_t = G_t * h_{t-1} + (1 - G_t) * R_t.

    The gate G keeps the old state: with G = 1 the state passes through unchanged, whatever
    the length. `bias` holds b = -B, first that of R, then that of G, so that
    `forget_bias=1` is B^G = -1. Collins et al. write + b.

    Args:
        input_size: Numbers in x_t.
        hidden_size: Numbers in h_t.
        forget_bias: Start of the bias of G; above 0 keeps more of the old state.

    Raises:
        ValueError: If a size is below 1 or `forget_bias` is not finite.

    Reference:
        Collins et al., "Capacity and Trainability in Recurrent Neural Networks", 2016,
        section 1. arXiv:1611.09913. TTIC 31230, lecture on trainability, "Update Gate RNN".

    Example:
        >>> cell = UGRNN(3, 5, forget_bias=1.0)
        >>> cell(torch.zeros(2, 3)).shape
        torch.Size([2, 5])
    """

    num_gates: ClassVar[int] = 2
    _keep_gate: ClassVar[int | None] = 1
    _torch_order: ClassVar[tuple[int | None, ...] | None] = (None, 1, 0)

    def __init__(
        self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0
    ) -> None:
        check_forget_bias(forget_bias)
        super().__init__(input_size, hidden_size, forget_bias=forget_bias)

    @property
    def torch_kernel(self) -> TorchKernel | None:
        """Function of torch that computes this cell over all steps, with an idle gate."""
        return "gru"

    def advance(
        self, projected: Float[Tensor, "batch gates"], state: State, weights: State
    ) -> State:
        """Return the next state."""
        (before,) = state
        total = torch.addmm(projected, before.to(projected.dtype), weights[0])
        update, gate = total.chunk(2, dim=1)
        return (keep(gate.sigmoid(), before, update.tanh()),)
