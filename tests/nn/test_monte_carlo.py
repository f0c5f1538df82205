import itertools

import pytest
import torch
from torch import nn

from headway.nn import (
    DropConnect,
    StochasticDepth,
    VanillaDropout,
    dropout_on,
    has_dropout,
    monte_carlo,
)


def _linear_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.Linear(8, 2)).double()


def _exact(model, x):
    """Mean over all masks of the one dropout layer, by their probabilities."""
    hidden, keep = model[:-2](x), 1 - model[-2].p
    masks = torch.tensor(list(itertools.product([0.0, 1.0], repeat=hidden.shape[1])))
    masks = masks.double()
    odds = (masks * keep + (1 - masks) * (1 - keep)).prod(1)
    outputs = model[-1](hidden * masks[:, None] / keep)
    return (odds[:, None, None] * outputs).sum(0)


def test_the_mean_over_masks_is_weight_scaling_where_the_network_is_linear():
    model, x = _linear_network(), torch.randn(3, 4, dtype=torch.float64)
    torch.testing.assert_close(model.eval()(x), _exact(model, x), atol=1e-12, rtol=0)


def test_the_mean_over_masks_is_not_weight_scaling_where_it_is_not():
    model, x = _linear_network(), torch.randn(3, 4, dtype=torch.float64)
    model[-1] = nn.Sequential(model[-1], nn.Tanh(), nn.Linear(2, 1).double())
    assert (model.eval()(x) - _exact(model, x)).abs().max() > 1e-3


def test_the_average_is_the_mean_over_masks():
    model, x = _linear_network(), torch.randn(3, 4, dtype=torch.float64)
    model[-1] = nn.Sequential(model[-1], nn.Tanh())
    mean, std = monte_carlo(model, x, 2000)
    error = std / 2000**0.5
    assert ((mean - _exact(model, x)).abs() < 4 * error).all()


def test_batch_norm_and_the_rest_stay_in_evaluation_mode():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.0))
    before = model[0].running_mean.clone()
    _, std = monte_carlo(model, torch.randn(5, 4), 3)
    assert not std.any()
    assert torch.equal(model[0].running_mean, before)


class _Block(nn.Module):
    """A block that drops by itself and holds batch norm."""

    def __init__(self):
        super().__init__()
        self.drop_prob = 0.5
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x):
        return nn.functional.dropout(self.norm(x), self.drop_prob, self.training)


@pytest.mark.parametrize(
    "module",
    [
        nn.Dropout(0.5),
        nn.AlphaDropout(0.5),
        VanillaDropout(0.5),
        DropConnect(4, 4),
        _Block(),
        nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5, batch_first=True),
    ],
    ids=lambda module: type(module).__name__,
)
def test_every_kind_of_dropout_is_on(module):
    statistics = {k: v.clone() for k, v in module.state_dict().items()}
    _, std = monte_carlo(nn.Sequential(module.eval()), torch.randn(3, 4), 8)
    assert std.any()
    torch.testing.assert_close(dict(module.state_dict()), statistics)


def test_the_dropout_of_recurrent_layers_is_on():
    class Last(nn.LSTM):
        def forward(self, x):
            return super().forward(x)[0]

    model = Last(4, 4, num_layers=2, dropout=0.5).eval()
    assert monte_carlo(model, torch.randn(3, 2, 4), 8).std.any()


def test_the_same_seed_gives_the_same_average():
    model, x = _linear_network(), torch.randn(3, 4).double()
    first, second, other = (monte_carlo(model, x, 5, seed=seed).mean for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_modes_and_the_random_state_stay():
    model, x = _linear_network(), torch.randn(3, 4).double()
    model[1].eval()
    state = torch.get_rng_state()
    monte_carlo(model, x, 2)
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert torch.equal(torch.get_rng_state(), state)


def test_modes_stay_when_the_model_fails():
    model = _linear_network()
    with pytest.raises(RuntimeError):
        monte_carlo(model, torch.randn(3, 5).double(), 2)
    assert model.training
    assert model[1].training


def test_outputs_have_no_graph():
    model = _linear_network()
    assert not monte_carlo(model, torch.randn(3, 4).double(), 2).mean.requires_grad


def test_draws_go_on_while_dropout_is_on():
    model, x = _linear_network(), torch.randn(3, 4).double()
    with dropout_on(model):
        first, second = model(x), model(x)
    assert not torch.equal(first, second)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Dropout(0.1), True),
        (nn.Dropout(0.0), False),
        (nn.LSTM(4, 4, num_layers=2, dropout=0.1), True),
        (nn.LSTM(4, 4, num_layers=2), False),
        (nn.MultiheadAttention(4, 2, dropout=0.1), True),
        (StochasticDepth(0.1), True),
        (StochasticDepth(), False),
        (nn.Linear(4, 4), False),
    ],
    ids=str,
)
def test_dropout_is_there_where_its_probability_is_above_0(module, expected):
    assert has_dropout(nn.Sequential(nn.ReLU(), module)) is expected


def test_one_draw_is_refused():
    with pytest.raises(ValueError, match="num_samples must be at least 2, got 1"):
        monte_carlo(_linear_network(), torch.randn(3, 4), 1)
