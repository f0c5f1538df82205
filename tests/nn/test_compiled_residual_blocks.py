"""Every residual block compiles as one graph and computes in bfloat16."""

import jaxtyping
import pytest
import torch
from torch import nn

from headway.nn import (
    BasicBlock,
    FixupBlock,
    PlainBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    Residual,
    ReversibleBlock,
    ReversibleSequence,
    ShiftedReLU,
    ShortcutB,
    ShortcutC,
    ShortcutProjection,
    StochasticDepth,
    deepen,
)


def branch():
    return nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))


def dropped_by_rows():
    return Residual(nn.Conv2d(8, 8, 1), drop_prob=0.5, drop_mode="row")


BLOCKS = {
    "plain": lambda: PlainBlock(8, 16, stride=2),
    "basic A": lambda: BasicBlock(8, 16, stride=2),
    "basic B": lambda: BasicBlock(8, 16, stride=2, shortcut=ShortcutB),
    "basic C": lambda: BasicBlock(8, 16, stride=2, shortcut=ShortcutC),
    "preactivation": lambda: PreActivationBlock(8, 16, shortcut=ShortcutProjection),
    "bottleneck": lambda: PreActivationBottleneck(8, 16, stride=2),
    "fixup": lambda: FixupBlock(8, 16, stride=2),
    "residual": lambda: Residual(nn.Conv2d(8, 8, 3, padding=1), activation=nn.ReLU()),
    "stochastic depth by rows": dropped_by_rows,
    "shifted relu": lambda: ShiftedReLU(2.0),
    "reversible block": lambda: ReversibleBlock(branch(), branch()),
    "reversible sequence": lambda: ReversibleSequence(ReversibleBlock(branch(), branch())),
    "deepened": lambda: deepen(nn.Sequential(BasicBlock(8, 8))),
}
# Their docstrings say why they have no single graph while training.
EAGER_IN_TRAINING = ("reversible sequence",)


@pytest.fixture
def no_shape_checks(monkeypatch):
    """Take the checks of the tests away, which torch.compile cannot trace."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    torch.compiler.reset()


def images():
    return torch.randn(2, 8, 6, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.slow
@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_compiles_as_one_graph(name, mode):
    torch.manual_seed(0)
    block = BLOCKS[name]().train(mode)
    is_whole = not (mode and name in EAGER_IN_TRAINING)
    compiled = torch.compile(block, backend="aot_eager", fullgraph=is_whole)
    outputs = []
    for run in (block, compiled):
        torch.manual_seed(1)
        outputs.append(run(images()))
    if name != "stochastic depth by rows" or not mode:  # a compiled graph draws otherwise
        torch.testing.assert_close(outputs[1], outputs[0])
    if outputs[1].requires_grad:
        outputs[1].sum().backward()


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_computes_in_bfloat16_under_autocast(name):
    torch.manual_seed(0)
    block = BLOCKS[name]().eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        short = block(images())
    torch.testing.assert_close(short.float(), block(images()), atol=0.1, rtol=0.1)


@pytest.mark.slow
@pytest.mark.usefixtures("no_shape_checks")
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_stochastic_depth_as_a_layer_compiles_as_one_graph(mode):
    depth = StochasticDepth(0.5).train(mode)
    compiled = torch.compile(depth, backend="eager", fullgraph=True)
    assert compiled(images()).shape == images().shape
