"""Long short-term memory, with its forget gate and as it was before it had one."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from headway.nn.recurrent.cell import (
    RecurrentCell,
    State,
    TorchKernel,
    check_forget_bias,
)


class LSTM(RecurrentCell):
    """A recurrent layer with a memory c and gates to write, keep and read it.

    i, f, o = sigmoid(W_{i,f,o} (x_t, h_{t-1}) - B), g = tanh(W_g (x_t, h_{t-1}) - B^g),
    c_t = f * c_{t-1} + i * g, h_t = o * tanh(c_t).

    `bias` holds b = -B in torch's order i, f, g, o, so that `forget_bias=1` is B^f = -1.
    The state is (h, c).

    Args:
        input_size: Numbers in x_t.
        hidden_size: Numbers in h_t and in c_t.
        forget_bias: Start of the bias of f; above 0 keeps more of the memory.

    Raises:
        ValueError: If a size is below 1 or `forget_bias` is not finite.

    Reference:
        Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; with the forget gate of
        Gers et al., "Learning to Forget: Continual Prediction with LSTM", 2000, equation 3.

    Example:
        >>> h, c = LSTM(3, 5)(torch.zeros(2, 3))
        >>> h.shape, c.shape
        (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    num_gates: ClassVar[int] = 4
    num_states: ClassVar[int] = 2
    has_fast_cpu_kernel: ClassVar[bool] = True
    _keep_gate: ClassVar[int | None] = 1

    def __init__(
        self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0
    ) -> None:
        check_forget_bias(forget_bias)
        super().__init__(input_size, hidden_size, forget_bias=forget_bias)

    def advance(
        self, projected: Float[Tensor, "batch gates"], state: State, weights: State
    ) -> State:
        """Return the next hidden state and memory."""
        h, c = state
        total = torch.addmm(projected, h.to(projected.dtype), weights[0])
        write, forget, update, read = total.chunk(4, dim=1)
        c = forget.sigmoid() * c + write.sigmoid() * update.tanh()
        return read.sigmoid() * c.tanh(), c

    @property
    def torch_kernel(self) -> TorchKernel | None:
        """Function of torch that computes this cell over all steps."""
        return "lstm"


class LSTM1997(RecurrentCell):
    """The first LSTM, which never forgets: c_t = c_{t-1} + i * g, h_t = o * tanh(c_t).

    i and o are sigmoid gates and g = tanh(W_g (x_t, h_{t-1}) - B^g). It equals `LSTM` with
    f = 1, and its memory may grow with the length. The paper squashes the update to
    [-2, 2], where this class and later work take tanh; it also cuts gradients short, where
    this class differentiates in full. torch has no such cell. `bias` holds b = -B in the
    order i, g, o.

    Args:
        input_size: Numbers in x_t.
        hidden_size: Numbers in h_t and in c_t.

    Raises:
        ValueError: If a size is below 1.

    Reference:
        Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, section 4.

    Example:
        >>> h, c = LSTM1997(3, 5)(torch.zeros(2, 3))
        >>> h.shape, c.shape
        (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    num_gates: ClassVar[int] = 3
    num_states: ClassVar[int] = 2
    has_fast_cpu_kernel: ClassVar[bool] = True
    _torch_order: ClassVar[tuple[int | None, ...] | None] = (0, None, 1, 2)

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)

    @property
    def torch_kernel(self) -> TorchKernel | None:
        """Function of torch that computes this cell over all steps, with an idle gate."""
        return "lstm"

    def advance(
        self, projected: Float[Tensor, "batch gates"], state: State, weights: State
    ) -> State:
        """Return the next hidden state and memory."""
        h, c = state
        total = torch.addmm(projected, h.to(projected.dtype), weights[0])
        write, update, read = total.chunk(3, dim=1)
        c = c + write.sigmoid() * update.tanh()
        return read.sigmoid() * c.tanh(), c
