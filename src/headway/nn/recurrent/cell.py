"""What every recurrent cell has: its weights, and the step from one state to the next."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

# The hidden state first; a cell with a memory of its own has that as its second.
State = tuple[Tensor, ...]
TorchKernel = Literal["rnn_tanh", "rnn_relu", "gru", "lstm"]
# A bias that holds a gate open: sigmoid(100) is exactly 1 in every number format, and its
# slope exactly 0.
_OPEN = 100.0


class RecurrentCell(nn.Module, ABC):
    """One step of a recurrent network, with the same weights at every step.

    What the gates see is a_t = W_ih x_t + W_hh h_{t-1} + b, cut into blocks of
    `hidden_size`, one for each gate. The lecture subtracts a threshold B where torch and
    most papers add a bias; here b = -B is what is stored, so that a forget bias of +1 is
    B = -1.

    The weights of the input start as Xavier's uniform ones, those of the state orthogonal
    for each gate, and the biases at 0 but for a forget bias.

    Args:
        input_size: Numbers in x_t.
        hidden_size: Numbers in h_t.

    Attributes:
        weight_ih: Weights of the input, gate below gate (shape: gates * hidden, inputs).
        weight_hh: Weights of the state (shape: gates * hidden, hidden).
        bias: b = -B (shape: gates * hidden).

    Raises:
        ValueError: If a size is below 1.

    Reference:
        TTIC 31230, lecture on trainability, "Vanilla RNNs". Saxe et al., "Exact Solutions
        to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks", 2013
        (orthogonal weights). arXiv:1312.6120.
    """

    num_gates: ClassVar[int]
    num_states: ClassVar[int] = 1
    # Whether torch's kernel is faster on a CPU than a loop over the steps.
    has_fast_cpu_kernel: ClassVar[bool] = False
    # The gates in the order of torch's kernel, with None for one that this cell lacks.
    _torch_order: ClassVar[tuple[int | None, ...] | None] = None
    # Gate whose bias starts at `forget_bias`: the one that keeps the old state.
    _keep_gate: ClassVar[int | None] = None

    def __init__(
        self, input_size: int, hidden_size: int, *, forget_bias: float = 0.0
    ) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.forget_bias = forget_bias
        width = self.num_gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(width, input_size))
        self.weight_hh = nn.Parameter(torch.empty(width, hidden_size))
        self.bias = nn.Parameter(torch.empty(width))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw fresh weights from the global generator."""
        for weights in self.weight_ih.chunk(self.num_gates):
            nn.init.xavier_uniform_(weights)
        for weights in self.weight_hh.chunk(self.num_gates):
            nn.init.orthogonal_(weights)
        self.bias.zero_()
        if self._keep_gate is not None:
            self.bias.chunk(self.num_gates)[self._keep_gate].fill_(self.forget_bias)

    def forward(
        self,
        x: Float[Tensor, "batch inputs"],
        state: Float[Tensor, "batch hidden"] | State | None = None,
    ) -> Float[Tensor, "batch hidden"] | State:
        """Return the next state, in the form of `torch.nn.GRUCell` or `torch.nn.LSTMCell`.

        Args:
            x: Input of this step.
            state: State before it: h, or (h, c) of a cell with a memory. None: zeros.
        """
        before = self.zero_state(x) if state is None else as_tuple(state)
        projected = self.project(x)
        return as_torch(self.advance(projected, before, self.recurrent_weights(projected)))

    def project(self, x: Float[Tensor, "*steps inputs"]) -> Float[Tensor, "*steps gates"]:
        """Return what the inputs of any number of steps add to the gates: W_ih x + b."""
        return F.linear(x, self.weight_ih, self.bias)

    def zero_state(self, x: Float[Tensor, "batch inputs"]) -> State:
        """Return the state before the first step."""
        zeros = x.new_zeros(x.shape[0], self.hidden_size)
        return (zeros,) * self.num_states

    def recurrent_weights(self, like: Tensor) -> State:
        """Return what `advance` multiplies the state by, in the format of `like`.

        A scan asks once for all its steps: transposing and casting at each step would cost
        more than a small product.
        """
        return (self.weight_hh.to(like.dtype).t(),)

    @abstractmethod
    def advance(
        self,
        projected: Float[Tensor, "batch gates"],
        state: State,
        weights: State,
    ) -> State:
        """Return the next state.

        Args:
            projected: What `project` made of the input of this step.
            state: State before it.
            weights: What `recurrent_weights` returned.
        """

    @property
    def torch_kernel(self) -> TorchKernel | None:
        """Function of torch that computes this cell over all steps, or None."""
        return None

    def torch_weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return weight_ih, weight_hh, bias_ih and bias_hh as `torch_kernel` takes them.

        A gate that the kernel has and this cell lacks is held open.
        """
        weight_ih, weight_hh, bias = self.weight_ih, self.weight_hh, self.bias
        if self._torch_order is not None:
            weight_ih = _with_gate(weight_ih, self._torch_order, fill=0.0)
            weight_hh = _with_gate(weight_hh, self._torch_order, fill=0.0)
            bias = _with_gate(bias, self._torch_order, fill=_OPEN)
        return weight_ih, weight_hh, bias, torch.zeros_like(bias)

    @torch.no_grad()
    def load_torch_weights(
        self, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
    ) -> None:
        """Take over the weights of a layer of torch."""
        self.weight_ih.copy_(weight_ih)
        self.weight_hh.copy_(weight_hh)
        self.bias.copy_(bias_ih + bias_hh)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"{self.input_size}, {self.hidden_size}"


def as_tuple(state: Tensor | State) -> State:
    """Return a state as a tuple of tensors."""
    return (state,) if isinstance(state, Tensor) else tuple(state)


def as_torch(state: State) -> Tensor | State:
    """Return a state as torch has it: one tensor alone, or (h, c)."""
    return state[0] if len(state) == 1 else state


def keep(gate: Tensor, before: Tensor, update: Tensor) -> Tensor:
    """Return gate * before + (1 - gate) * update; under autocast in the format of `before`."""
    return update + gate * (before - update)


def check_forget_bias(forget_bias: float) -> None:
    """Refuse a forget bias that is no finite number."""
    if not math.isfinite(forget_bias):
        raise ValueError(f"forget_bias must be a finite number, got {forget_bias}")


def _with_gate(weights: Tensor, order: tuple[int | None, ...], *, fill: float) -> Tensor:
    """Return the rows of the gates in another order, and `fill` where it has None."""
    gates = weights.chunk(len(order) - order.count(None))
    held = torch.full_like(gates[0], fill)
    return torch.cat([held if gate is None else gates[gate] for gate in order])
