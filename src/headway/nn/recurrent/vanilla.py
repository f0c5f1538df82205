"""The vanilla recurrent network."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from headway.nn.recurrent.cell import RecurrentCell, State, TorchKernel

RecurrentActivation = Literal["sigmoid", "tanh", "relu"]

_FUNCTIONS: Mapping[RecurrentActivation, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
}
_KERNELS: Mapping[RecurrentActivation, TorchKernel] = {
    "tanh": "rnn_tanh",
    "relu": "rnn_relu",
}


class VanillaRNN(RecurrentCell):
    """A recurrent layer without gates: h_t = act(W_ih x_t + W_hh h_{t-1} - B).

    The lecture prints a sigmoid, which is the default; torch and most papers take tanh. As
    the same W_hh acts at every step, what is linear grows or shrinks as |lambda|^t with the
    eigenvalues of W_hh. The sigmoid's slope of at most 1/4 makes gradients shrink fast.

    Args:
        input_size: Numbers in x_t.
        hidden_size: Numbers in h_t.
        activation: "sigmoid", "tanh" or "relu".

    Raises:
        ValueError: If a size is below 1 or the activation is unknown.

    Reference:
        TTIC 31230, lecture on trainability, "Vanilla RNNs". Elman, "Finding Structure in
        Time", 1990.

    Example:
        >>> cell = VanillaRNN(3, 5, activation="tanh")
        >>> cell(torch.zeros(2, 3)).shape
        torch.Size([2, 5])
    """

    num_gates: ClassVar[int] = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: RecurrentActivation = "sigmoid",
    ) -> None:
        known = get_args(RecurrentActivation)
        if activation not in known:
            raise ValueError(
                f"activation must be one of {', '.join(known)}, got {activation!r}"
            )
        super().__init__(input_size, hidden_size)
        self.activation: RecurrentActivation = activation

    def advance(
        self, projected: Float[Tensor, "batch hidden"], state: State, weights: State
    ) -> State:
        """Return the next state."""
        total = torch.addmm(projected, state[0].to(projected.dtype), weights[0])
        return (_FUNCTIONS[self.activation](total),)

    @property
    def torch_kernel(self) -> TorchKernel | None:
        """Function of torch that computes this cell over all steps, or None."""
        return _KERNELS.get(self.activation)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"{super().extra_repr()}, activation={self.activation}"
