"""On a GPU the kernels are cuDNN's; warnings are errors here as everywhere."""

from functools import partial

import pytest
import torch

from headway.nn import GRU, LSTM, LSTM1997, UGRNN, Recurrent, VanillaRNN

CELLS = {"tanh": partial(VanillaRNN, activation="tanh"), "ugrnn": UGRNN}
CELLS |= {"gru": GRU, "lstm": LSTM, "lstm-1997": LSTM1997}


@pytest.mark.gpu
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
def test_kernels_and_single_steps_agree_on_a_gpu(cell):
    layer = Recurrent(cell, 3, 8, num_layers=2, bidirectional=True).double().cuda()
    x = torch.randn(20, 4, 3, dtype=torch.float64, device="cuda")
    fused = layer(x)[0]
    fused.sum().backward()
    gradients = [parameter.grad.clone() for parameter in layer.parameters()]
    layer.zero_grad()
    layer.fused = False
    plain = layer(x)[0]
    plain.sum().backward()
    torch.testing.assert_close(fused, plain)
    for parameter, gradient in zip(layer.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
