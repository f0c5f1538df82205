"""Recurrent layers over whole sequences, as torch.nn has them."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from headway.nn.recurrent.cell import RecurrentCell, State, as_torch, as_tuple
from headway.nn.recurrent.conversion import MakeCell, cell_of, torch_class, whole_weights
from headway.nn.recurrent.scan import scan

_kernels: Any = torch._VF  # pyright: ignore[reportPrivateUsage]


class Recurrent(nn.Module):
    """Layers of one kind of cell over sequences; takes and returns what torch.nn.GRU does.

    The same weights act at every step, so that their number does not depend on the length;
    their gradient is the sum over the steps. A kernel of torch for all steps is used where
    it computes the cell and is faster than a loop: on a CPU for `GRU` with reset after,
    `LSTM` and `LSTM1997`, on a GPU also for `UGRNN` and for `VanillaRNN` with tanh or relu.
    The UGRNN and the first LSTM are to it a GRU and an LSTM with one gate held open. On a
    CPU the UGRNN has a loop with gradients of its own, which are for one differentiation.
    With `fused=False`, and under torch.compile and torch.export, every cell goes step by
    step through plain operations, which agree to rounding. Compiled or exported, the loop
    is unrolled over the steps.

    Args:
        cell: Makes a cell from its two sizes: a class such as `UGRNN`, or a function such
            as `functools.partial(GRU, reset="before")`.
        input_size: Numbers in each step of a sequence.
        hidden_size: Numbers in the state of each cell.
        num_layers: Layers; each takes the outputs of the one before.
        bidirectional: Whether each layer has a second cell that goes from the end to the
            start; the outputs of both stand side by side.
        drop_prob: Probability that dropout sets an output to zero on its way to the next
            layer, as in torch not after the last.
        batch_first: Whether tensors are (batch, steps, numbers), not (steps, batch, numbers).
        fused: Whether kernels for all steps are used where there are some.

    Attributes:
        cells: Layer by layer; of each layer the forward cell first.

    Raises:
        ValueError: If a size is below 1 or `drop_prob` is not in 0..1.

    Reference:
        TTIC 31230, lecture on trainability, "Recurrent Neural Networks". Schuster and
        Paliwal, "Bidirectional Recurrent Neural Networks", 1997.

    Example:
        >>> from headway.nn import UGRNN
        >>> layer = Recurrent(UGRNN, 3, 5, num_layers=2)
        >>> output, state = layer(torch.zeros(7, 2, 3))
        >>> output.shape, state.shape
        (torch.Size([7, 2, 5]), torch.Size([2, 2, 5]))
    """

    def __init__(
        self,
        cell: MakeCell,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        drop_prob: float = 0.0,
        batch_first: bool = False,
        fused: bool = True,
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"num_layers must be at least 1, got {num_layers}")
        if not 0.0 <= drop_prob < 1.0:
            raise ValueError(f"drop_prob must be at least 0 and below 1, got {drop_prob}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.drop_prob = drop_prob
        self.batch_first = batch_first
        self.fused = fused
        directions = 1 + bidirectional
        sizes = [input_size] + [directions * hidden_size] * (num_layers - 1)
        cells = [cell(size, hidden_size) for size in sizes for _ in range(directions)]
        self.cells = nn.ModuleList(cells)

    def forward(
        self,
        x: Float[Tensor, "first second inputs"] | PackedSequence,
        state: Float[Tensor, "cells batch hidden"] | State | None = None,
    ) -> tuple[Float[Tensor, "first second outputs"] | PackedSequence, Tensor | State]:
        """Return the outputs of every step, and the state after the last.

        Sequences of several lengths come packed, as
        `torch.nn.utils.rnn.pack_padded_sequence` packs them.

        Args:
            x: The sequences.
            state: State before the first step, (layers * directions, batch, hidden); a pair
                of them for a cell with a memory. None: zeros.

        Raises:
            ValueError: If the shape of `x` or of `state` does not fit.
        """
        if isinstance(x, PackedSequence):
            return self._forward_packed(x, state)
        if x.ndim != 3 or x.shape[2] != self.input_size:
            raise ValueError(
                f"expected sequences of shape {self._axes()}, got {tuple(x.shape)}"
            )
        data = x.transpose(0, 1) if self.batch_first else x
        if data.shape[0] == 0:
            raise ValueError("a sequence needs at least one step, got none")
        first = self._first_state(state, data.shape[1], data)
        output, last = self._run(data, first, None)
        return (output.transpose(0, 1) if self.batch_first else output), as_torch(last)

    def _forward_packed(
        self, x: PackedSequence, state: Tensor | State | None
    ) -> tuple[PackedSequence, Tensor | State]:
        first = self._first_state(state, int(x.batch_sizes[0]), x.data)
        if x.sorted_indices is not None:
            first = tuple(part.index_select(1, x.sorted_indices) for part in first)
        output, last = self._run(x.data, first, x.batch_sizes)
        if x.unsorted_indices is not None:
            last = tuple(part.index_select(1, x.unsorted_indices) for part in last)
        packed = PackedSequence(output, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
        return packed, as_torch(last)

    def _first_state(
        self, state: Tensor | State | None, batch: int | torch.SymInt, like: Tensor
    ) -> State:
        num_states = self._cells[0].num_states
        shape = (len(self._cells), batch, self.hidden_size)
        if state is None:
            return (like.new_zeros(shape),) * num_states
        parts = as_tuple(state)
        if [tuple(part.shape) for part in parts] != [shape] * num_states:
            wanted = f"{shape}" if num_states == 1 else f"a pair of {shape}"
            raise ValueError(
                f"expected a state of shape {wanted} (layers * directions, batch, hidden), "
                f"got {[tuple(part.shape) for part in parts]}"
            )
        return parts

    def _run(
        self, data: Tensor, first: State, batch_sizes: Tensor | None
    ) -> tuple[Tensor, State]:
        # On the meta device, where costs are counted, cells show their own products.
        is_fused = self.fused and not (torch.compiler.is_compiling() or data.is_meta)
        if is_fused and self._has_fast_kernel(data):
            return self._run_kernel(data, first, batch_sizes)
        sizes = None if batch_sizes is None else batch_sizes.tolist()
        width = 1 + self.bidirectional
        lasts: list[State] = []
        for start in range(0, len(self._cells), width):
            if start:
                data = F.dropout(data, self.drop_prob, self.training)
            outputs: list[Tensor] = []
            for offset, cell in enumerate(self._cells[start : start + width]):
                state = tuple(part[start + offset] for part in first)
                output, last = scan(
                    cell,
                    data,
                    state,
                    batch_sizes=sizes,
                    reverse=bool(offset),
                    fused=is_fused,
                )
                outputs.append(output)
                lasts.append(last)
            data = torch.cat(outputs, dim=-1) if self.bidirectional else outputs[0]
        return data, tuple(torch.stack(parts) for parts in zip(*lasts, strict=True))

    def _has_fast_kernel(self, data: Tensor) -> bool:
        cell = self._cells[0]
        is_fast = data.is_cuda or cell.has_fast_cpu_kernel
        return is_fast and cell.torch_kernel is not None

    def _run_kernel(
        self, data: Tensor, first: State, batch_sizes: Tensor | None
    ) -> tuple[Tensor, State]:
        kernel = getattr(_kernels, str(self._cells[0].torch_kernel))
        weights = [weight for cell in self._cells for weight in cell.torch_weights()]
        sizes = () if batch_sizes is None else (batch_sizes,)
        order = (
            (self.bidirectional, False) if batch_sizes is None else (self.bidirectional,)
        )
        with _uncompacted() if data.is_cuda else nullcontext():
            output, *last = kernel(
                data,
                *sizes,
                as_torch(first),
                weights,
                True,
                self.num_layers,
                self.drop_prob,
                self.training,
                *order,
            )
        return output, tuple(last)

    def to_torch(self) -> nn.RNNBase:
        """Return a layer of torch.nn with copies of these weights.

        Raises:
            ValueError: If torch has no such layer.
        """
        make = torch_class(self._cells[0])
        like = self._cells[0].weight_hh
        module = make(
            self.input_size,
            self.hidden_size,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            dropout=self.drop_prob,
            batch_first=self.batch_first,
            device=like.device,
            dtype=like.dtype,
        )
        with torch.no_grad():
            for theirs, cell in zip(module.all_weights, self._cells, strict=True):
                for parameter, weight in zip(theirs, cell.torch_weights(), strict=True):
                    parameter.copy_(weight)
        return module.train(self.training)

    @classmethod
    def from_torch(cls, module: nn.RNNBase) -> "Recurrent":
        """Return the layer that does what a layer of torch.nn does, with its weights copied.

        torch adds two biases where one is enough; those of each gate are added up.

        Args:
            module: torch.nn.RNN, GRU or LSTM.

        Raises:
            ValueError: If it is anything else, or an LSTM with a projection.
        """
        layer = cls(
            cell_of(module),
            module.input_size,
            module.hidden_size,
            num_layers=module.num_layers,
            bidirectional=module.bidirectional,
            drop_prob=module.dropout,
            batch_first=module.batch_first,
        )
        layer.to(module.weight_hh_l0)  # pyright: ignore[reportCallIssue, reportArgumentType]
        for weights, cell in zip(module.all_weights, layer._cells, strict=True):
            cell.load_torch_weights(*whole_weights(weights))
        return layer.train(module.training)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        options = {
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "drop_prob": self.drop_prob,
            "batch_first": self.batch_first,
        }
        said = [f"{name}={value}" for name, value in options.items()]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *said])

    @property
    def _cells(self) -> list[RecurrentCell]:
        return cast(list[RecurrentCell], list(self.cells))

    def _axes(self) -> str:
        axes = ("batch", "steps") if self.batch_first else ("steps", "batch")
        return f"({axes[0]}, {axes[1]}, {self.input_size})"


@contextmanager
def _uncompacted() -> Generator[None]:
    """Let cuDNN copy the weights together at every call without a warning.

    torch.nn keeps them in one piece of memory instead, which every change of a parameter's
    place, such as sharding, takes apart again.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="RNN module weights are not part of single"
        )
        yield
