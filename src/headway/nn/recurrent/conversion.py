"""Which layer of torch does what a cell of ours does, and the other way round."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from headway.nn.recurrent.cell import RecurrentCell
from headway.nn.recurrent.gru import GRU
from headway.nn.recurrent.lstm import LSTM
from headway.nn.recurrent.vanilla import VanillaRNN

MakeCell = Callable[[int, int], RecurrentCell]


def torch_class(cell: RecurrentCell) -> Callable[..., nn.RNNBase]:
    """Return the class of torch whose layers do what `cell` does.

    Raises:
        ValueError: If torch has no such layer.
    """
    if isinstance(cell, GRU) and cell.torch_kernel is not None:
        return nn.GRU
    if isinstance(cell, LSTM):
        return nn.LSTM
    if isinstance(cell, VanillaRNN) and cell.torch_kernel is not None:
        return partial(nn.RNN, nonlinearity=cell.activation)
    raise ValueError(
        f"torch.nn has no layer that computes {type(cell).__name__}({cell.extra_repr()}); it "
        "has VanillaRNN with tanh or relu, GRU with reset='after', and LSTM"
    )


def cell_of(module: nn.RNNBase) -> MakeCell:
    """Return what makes the cells that do what `module` does.

    Raises:
        ValueError: If there is no such cell.
    """
    if module.proj_size:
        raise ValueError(
            f"an LSTM with proj_size={module.proj_size} cannot be taken over: the cells "
            "here have no projection"
        )
    if isinstance(module, nn.GRU):
        return partial(GRU, reset="after")
    if isinstance(module, nn.LSTM):
        return LSTM
    if isinstance(module, nn.RNN):
        activation = "relu" if module.nonlinearity == "relu" else "tanh"
        return partial(VanillaRNN, activation=activation)
    raise ValueError(f"expected torch.nn.RNN, GRU or LSTM, got {type(module).__name__}")


def whole_weights(weights: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the weights of a layer of torch, with zeros for biases that it lacks."""
    weight_ih, weight_hh, *biases = weights
    if not biases:
        biases = [torch.zeros_like(weight_ih[:, 0])] * 2
    return weight_ih, weight_hh, biases[0], biases[1]
