import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.measure import backward_deltas, chain_norms, layer_gradient_norms
from headway.optim import clip_gradients_, gradient_norm


def test_the_recursion_gives_the_gradients_of_autograd() -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = (5, 7, 4, 3)
    weights = [
        torch.randn(b, a, generator=generator, dtype=torch.float64)
        for a, b in pairwise(sizes)
    ]
    z = torch.randn(6, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    zs = [z]
    for weight in weights:
        zs.append(torch.tanh(zs[-1]) @ weight.T)
    loss = zs[-1].square().sum()
    expected = torch.autograd.grad(loss, zs)

    slopes = [1.0 - torch.tanh(z.detach()) ** 2 for z in zs[:-1]]
    deltas = backward_deltas(weights, slopes, 2.0 * zs[-1].detach())

    for delta, gradient in zip(deltas, expected, strict=True):
        torch.testing.assert_close(delta, gradient, rtol=1e-12, atol=1e-12)


def test_weights_without_slopes_are_refused() -> None:
    with pytest.raises(ValueError, match="got 1 weights and 0 slopes"):
        backward_deltas([torch.ones(1, 1)], [], torch.ones(1, 1))


@pytest.mark.parametrize(("scale", "expected"), [(0.5, 0.5**20), (2.0, 2.0**20)])
def test_a_chain_vanishes_below_one_and_explodes_above(
    scale: float, expected: float
) -> None:
    rotation, _ = torch.linalg.qr(
        torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    )
    assert chain_norms([scale * rotation] * 20)[-1] == pytest.approx(expected, rel=1e-10)


def test_a_chain_is_at_most_the_product_of_its_norms() -> None:
    generator = torch.Generator().manual_seed(0)
    matrices = [torch.randn(3, 3, generator=generator) for _ in range(6)]
    bound = math.prod(float(torch.linalg.matrix_norm(m, 2)) for m in matrices)
    assert chain_norms(matrices)[-1] < bound


def test_the_norm_of_each_layer_is_that_of_its_output() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)).double()
    x = torch.randn(4, 3, dtype=torch.float64)
    hidden = model[0](x)
    outputs = model[2](hidden.relu())
    expected = torch.autograd.grad(outputs.square().sum(), [hidden, outputs])

    norms = layer_gradient_norms(model, lambda: model(x).square().sum())

    assert norms == {
        "0": pytest.approx(float(expected[0].norm())),
        "2": pytest.approx(float(expected[1].norm())),
    }
    assert model[0].weight.grad is None


def slope_of(norms: dict[str, float]) -> float:
    """Return by what the logarithm of the norm changes per layer, towards the input."""
    values = torch.tensor(list(norms.values())).log()
    return float(values[0] - values[-1]) / (len(values) - 1)


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.25])
def test_a_cnn_of_many_layers_shrinks_or_grows_as_half_its_variance_predicts(
    gain: float,
) -> None:
    torch.manual_seed(0)
    depth, channels = 30, 32
    layers: list[nn.Module] = []
    for _ in range(depth):
        conv = nn.Conv2d(
            channels, channels, 3, padding=1, padding_mode="circular", bias=False
        )
        std = gain * math.sqrt(2.0 / (9 * channels))
        nn.init.normal_(conv.weight, 0.0, std)
        layers += [conv, nn.ReLU()]
    model = nn.Sequential(*layers)
    x = torch.randn(4, channels, 6, 6)
    weights = torch.randn(4, channels, 6, 6)

    norms = layer_gradient_norms(model, lambda: (model(x) * weights).sum())

    # Each layer multiplies the squared norm by n Var W / 2 = gain**2.
    assert slope_of(norms) == pytest.approx(math.log(gain), abs=0.05)


def test_bounded_activations_do_not_bound_the_gradient() -> None:
    model = nn.Sequential(*(m for _ in range(20) for m in (nn.Linear(2, 2), nn.Tanh())))
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
            module.weight.data = 2.0 * torch.eye(2)
    outputs: list[Tensor] = []

    def loss() -> Tensor:
        output = model(torch.zeros(1, 2))
        outputs.append(output.detach())
        return output.sum()

    norms = layer_gradient_norms(model, loss)

    assert float(outputs[0].abs().max()) <= 1.0
    assert norms["0"] == pytest.approx(2.0**19 * math.sqrt(2.0))


def test_residual_layers_keep_the_gradient() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 8)
            self.linear.weight.data *= 0.1

        def forward(self, x: Tensor) -> Tensor:
            return x + F.relu(self.linear(x))

    torch.manual_seed(0)
    stack = nn.Sequential(nn.Linear(8, 8), *(Residual() for _ in range(30)))
    norms = layer_gradient_norms(stack, lambda: stack(torch.randn(4, 8)).sum())
    assert norms["0"] > 0.9 * math.sqrt(32)


def test_an_initialization_for_the_way_forward_changes_gradients_by_the_widths() -> None:
    # Var W = 2 / fan_in: from the last layer to the first the variance of a gradient's
    # element changes by last width / first width. One lecture has n_2 / n_d instead.
    widths = (256, 64, 400, 96, 640)
    ratios: list[float] = []
    torch.manual_seed(0)
    for _ in range(24):
        layers: list[nn.Module] = [nn.Linear(32, widths[0], bias=False)]
        for fan_in, fan_out in pairwise(widths):
            linear = nn.Linear(fan_in, fan_out, bias=False)
            nn.init.normal_(linear.weight, 0.0, math.sqrt(2.0 / fan_in))
            layers += [nn.ReLU(), linear]
        model = nn.Sequential(*layers)
        nn.init.normal_(model[0].weight)
        x, v = torch.randn(16, 32), torch.randn(16, widths[-1])
        norms = list(layer_gradient_norms(model, partial(loss_of, model, x, v)).values())
        first, last = norms[0] ** 2 / widths[0], norms[-1] ** 2 / widths[-1]
        ratios.append(first / last)
    mean = sum(ratios) / len(ratios)
    assert mean == pytest.approx(widths[-1] / widths[0], rel=0.15)
    assert mean != pytest.approx(widths[1] / widths[-1], rel=0.5)


def loss_of(model: nn.Module, x: Tensor, v: Tensor) -> Tensor:
    return (model(x) * v).sum()


class Block(nn.Module):
    def __init__(self, *, is_residual: bool = False, has_norm: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(32, 32)
        self.norm = nn.BatchNorm1d(32) if has_norm else nn.Identity()
        self.is_residual = is_residual

    def forward(self, x: Tensor) -> Tensor:
        y = torch.sigmoid(self.norm(self.linear(x)))
        return x + y if self.is_residual else y


def he_block() -> nn.Module:
    linear = nn.Linear(32, 32)
    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
    return nn.Sequential(linear, nn.ReLU())


def orthogonal_block() -> nn.Module:
    linear = nn.utils.parametrizations.orthogonal(nn.Linear(32, 32, bias=False))
    return nn.Sequential(linear, nn.Tanh())


def first_over_last(make_block: Callable[[], nn.Module], depth: int = 20) -> float:
    torch.manual_seed(0)
    model = nn.Sequential(*(make_block() for _ in range(depth)))
    x, v = torch.randn(64, 32), torch.randn(64, 32)
    norms = list(layer_gradient_norms(model, partial(loss_of, model, x, v)).values())
    return norms[0] / norms[-1]


@pytest.mark.parametrize(
    "make_block",
    [
        he_block,
        orthogonal_block,
        partial(Block, has_norm=True),
        partial(Block, is_residual=True),
    ],
    ids=["relu", "orthogonal", "batch norm", "residual"],
)
def test_each_remedy_steadies_the_gradient(make_block: Callable[[], nn.Module]) -> None:
    assert first_over_last(Block) < 1e-12
    assert 1e-3 < first_over_last(make_block) < 1e3


def through_time(network: nn.RNNBase) -> float:
    """Return the gradient of the last output by the first input, over that by the last."""
    x = torch.randn(60, 8, 4, requires_grad=True)
    outputs, _ = network(x)
    (gradient,) = torch.autograd.grad(outputs[-1].sum(), [x])
    return float(gradient[0].norm() / gradient[-1].norm())


def test_memory_steadies_the_gradient_through_time() -> None:
    torch.manual_seed(0)
    gated = nn.LSTM(4, 16)
    with torch.no_grad():
        gated.bias_ih_l0[16:32] += 4.0  # the forget gate
    assert through_time(nn.RNN(4, 16)) < 1e-8
    assert through_time(gated) > 1e-3


def test_clipping_bounds_a_gradient_that_explodes() -> None:
    torch.manual_seed(0)
    network = nn.RNN(4, 16, nonlinearity="relu")
    network.weight_hh_l0.data = 1.5 * torch.eye(16)
    outputs, _ = network(torch.randn(40, 8, 4))
    outputs[-1].sum().backward()
    assert clip_gradients_(network.parameters(), max_norm=1.0).item() > 1e6
    assert gradient_norm(network.parameters()).item() == pytest.approx(1.0, rel=1e-3)
