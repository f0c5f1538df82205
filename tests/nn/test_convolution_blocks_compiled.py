"""Blocks of convolutions under torch.compile and autocast."""

import jaxtyping
import pytest
import torch
from torch import nn

from headway.nn import (
    Bottleneck,
    Inception,
    InceptionReduction,
    LocallyConnected2d,
    NormInception,
    StochasticPool2d,
    fft_conv2d,
    overlap_add_conv2d,
)


class _Routed(nn.Module):
    """A convolution with weights of its own, by one of the routes."""

    def __init__(self, route):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4, 3, 3))
        self.route = route

    def forward(self, x):
        return self.route(x, self.weight)


BLOCKS = {
    "bottleneck": lambda: Bottleneck(4, 8, stride=2),
    "inception": lambda: Inception(4, (2, 3, 2, 1), reduced=(2, 2)),
    "norm inception": lambda: NormInception(4, (2, 3, 2, 1), reduced=(2, 2)),
    "inception reduction": lambda: InceptionReduction(4, (2, 3), reduced=(2, 2)),
    "locally connected": lambda: LocallyConnected2d(4, 3, 3, input_size=(8, 8), stride=2),
    "stochastic pooling": lambda: StochasticPool2d(2).eval(),
    "fft": lambda: _Routed(fft_conv2d),
    "overlap-add": lambda: _Routed(overlap_add_conv2d),
}


@pytest.fixture
def unchecked(monkeypatch):
    """Leave the checks of shapes out, which torch.compile cannot trace."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("build", BLOCKS.values(), ids=BLOCKS)
def test_every_block_compiles_as_one_graph(build):
    torch.manual_seed(0)
    block, x = build(), torch.randn(2, 4, 8, 8, requires_grad=True)
    compiled = torch.compile(block, backend="aot_eager", fullgraph=True)
    expected, actual = block(x), compiled(x)
    torch.testing.assert_close(actual, expected)
    actual.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_stochastic_pooling_compiles_as_one_graph_while_it_draws():
    pool = torch.compile(StochasticPool2d(2), backend="aot_eager", fullgraph=True)
    x = torch.rand(2, 3, 8, 8)
    y = pool(x)
    windows = x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    assert (windows == y[..., None]).any(dim=-1).all()


@pytest.mark.parametrize("build", BLOCKS.values(), ids=BLOCKS)
def test_every_block_runs_in_bfloat16(build):
    torch.manual_seed(0)
    block, x = build(), torch.randn(2, 4, 8, 8, requires_grad=True)
    expected = block(x).detach()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = block(x)
    actual.sum().backward()
    assert (actual.detach() - expected).abs().max() < 0.05 * expected.abs().max()
    assert all(p.grad.isfinite().all() for p in block.parameters())
    assert x.grad.isfinite().all()
