from functools import partial

import pytest
import torch
from torch import nn

from headway.nn import GRU, LSTM, LSTM1997, UGRNN, Recurrent, VanillaRNN

CONVERTIBLE = {
    "tanh": (partial(VanillaRNN, activation="tanh"), nn.RNN),
    "relu": (partial(VanillaRNN, activation="relu"), nn.RNN),
    "gru": (GRU, nn.GRU),
    "lstm": (LSTM, nn.LSTM),
}
EACH = pytest.mark.parametrize(
    ("cell", "theirs"), CONVERTIBLE.values(), ids=CONVERTIBLE.keys()
)
OURS_ALONE = {
    "sigmoid": VanillaRNN,
    "ugrnn": UGRNN,
    "before": partial(GRU, reset="before"),
    "lstm-1997": LSTM1997,
}


def randomised(layer):
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    return layer


@EACH
@pytest.mark.parametrize("batch_first", [False, True])
def test_a_layer_given_to_torch_computes_the_same(cell, theirs, batch_first):
    layer = Recurrent(cell, 3, 4, num_layers=2, bidirectional=True, batch_first=batch_first)
    layer = randomised(layer.double())
    module = layer.to_torch()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    assert type(module) is theirs
    torch.testing.assert_close(module(x), layer(x))


@EACH
def test_to_torch_and_back_gives_the_same_weights(cell, theirs):
    layer = randomised(Recurrent(cell, 3, 4, num_layers=2, drop_prob=0.3)).eval()
    again = Recurrent.from_torch(layer.to_torch())
    assert (again.num_layers, again.drop_prob, again.training) == (2, 0.3, False)
    for name, weight in layer.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weight, rtol=0.0, atol=0.0)


def test_the_two_biases_of_torch_are_added():
    theirs = nn.LSTM(3, 4)
    ours = Recurrent.from_torch(theirs)
    torch.testing.assert_close(ours.cells[0].bias, theirs.bias_ih_l0 + theirs.bias_hh_l0)


def test_a_gru_keeps_the_second_bias_of_its_update_apart():
    theirs = nn.GRU(3, 4)
    cell = Recurrent.from_torch(theirs).cells[0]
    torch.testing.assert_close(cell.bias_hn, theirs.bias_hh_l0[8:])
    torch.testing.assert_close(cell.bias[8:], theirs.bias_ih_l0[8:])


@EACH
def test_layers_of_torch_without_biases_are_taken_over(cell, theirs):
    module = theirs(3, 4, bias=False)
    x = torch.randn(6, 2, 3)
    torch.testing.assert_close(Recurrent.from_torch(module)(x), module(x))


def test_the_number_format_is_taken_over():
    layer = Recurrent.from_torch(nn.GRU(3, 4, dtype=torch.float64))
    assert {p.dtype for p in layer.parameters()} == {torch.float64}


@pytest.mark.parametrize("cell", OURS_ALONE.values(), ids=OURS_ALONE.keys())
def test_what_torch_does_not_have_is_not_given_to_it(cell):
    with pytest.raises(ValueError, match=r"torch.nn has no layer that computes"):
        Recurrent(cell, 3, 4).to_torch()


def test_an_lstm_with_a_projection_is_refused():
    with pytest.raises(ValueError, match="proj_size=2 cannot be taken over"):
        Recurrent.from_torch(nn.LSTM(3, 4, proj_size=2))


def test_a_layer_that_is_none_of_torchs_is_refused():
    with pytest.raises((ValueError, TypeError), match=r"torch.nn.RNN, GRU or LSTM"):
        Recurrent.from_torch.__func__.__wrapped__(Recurrent, nn.RNNBase("GRU", 3, 4))
