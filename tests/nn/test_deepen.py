import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from headway.nn import (
    BasicBlock,
    Bottleneck,
    FixupBlock,
    PlainBlock,
    PreActivationBlock,
    PreActivationBottleneck,
    Residual,
    ReversibleBlock,
    ReversibleSequence,
    ShortcutB,
    ShortcutC,
    deepen,
    identity_block,
    lesion_study,
    skipping,
)


def reversible_stage():
    def branch():
        return nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))

    return ReversibleSequence(*[ReversibleBlock(branch(), branch()) for _ in range(2)])


def residual_stage():
    branch = nn.Sequential(nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))
    return nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), Residual(branch))


STAGES = {
    "basic": lambda: nn.Sequential(BasicBlock(3, 8, stride=2)),
    "basic B": lambda: nn.Sequential(BasicBlock(3, 8, stride=2, shortcut=ShortcutB)),
    "basic C": lambda: nn.Sequential(BasicBlock(3, 8, shortcut=ShortcutC)),
    "bottleneck": lambda: nn.Sequential(Bottleneck(3, 8)),
    "preactivation": lambda: nn.Sequential(PreActivationBlock(3, 8)),
    "preactivation bottleneck": lambda: nn.Sequential(PreActivationBottleneck(3, 8)),
    "fixup": lambda: nn.Sequential(FixupBlock(3, 8)),
    "residual": residual_stage,
    "reversible": lambda: nn.Sequential(nn.Conv2d(3, 8, 1), reversible_stage()),
    "plain": lambda: nn.Sequential(PlainBlock(3, 8)),
}


def trained(make):
    """Return a network after some steps, so that its statistics are no longer the first."""
    torch.manual_seed(0)
    stage = make()
    network = nn.Sequential(stage, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.02)
    for _ in range(3):
        loss = F.cross_entropy(network(torch.randn(16, 3, 6, 6)), torch.arange(16) % 4)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


@pytest.mark.parametrize("make", STAGES.values(), ids=list(STAGES))
def test_a_deeper_network_computes_exactly_the_same_in_evaluation_mode(make):
    network = trained(make).eval()
    deeper = deepen(network, 2)
    x = torch.randn(8, 3, 6, 6)
    assert sum(1 for _ in deeper.modules()) > sum(1 for _ in network.modules())
    assert torch.equal(deeper(x), network(x))


RESIDUAL = {name: make for name, make in STAGES.items() if name != "plain"}


@pytest.mark.parametrize("make", RESIDUAL.values(), ids=list(RESIDUAL))
def test_a_deeper_residual_network_computes_the_same_in_training_mode(make):
    network = trained(make)
    deeper = deepen(network, 2)
    x = torch.randn(8, 3, 6, 6)
    torch.testing.assert_close(deeper(x), network(x))


def test_a_deeper_plain_network_goes_on_from_where_it_was_after_it_saw_a_batch():
    network, x = trained(STAGES["plain"]), torch.randn(32, 3, 6, 6)
    expected = network(x)
    torch.testing.assert_close(
        deepen(network, 3, inputs=x)(x), expected, rtol=1e-4, atol=1e-4
    )
    assert not torch.allclose(deepen(network, 3)(x), expected, rtol=1e-2)


def test_the_calibrated_plain_network_agrees_in_evaluation_mode_up_to_rounding():
    network, x = trained(STAGES["plain"]).eval(), torch.randn(32, 3, 6, 6)
    torch.testing.assert_close(deepen(network, 3, inputs=x)(x), network(x))


def test_calibrating_leaves_the_statistics_of_the_other_norms_alone():
    network = trained(STAGES["plain"])
    deeper = deepen(network, 1, inputs=torch.randn(8, 3, 6, 6))
    assert torch.equal(deeper[0][0].norm1.running_mean, network[0][0].norm1.running_mean)


@pytest.mark.parametrize("make", STAGES.values(), ids=list(STAGES))
def test_the_new_blocks_learn(make):
    network = trained(make)
    deeper = deepen(network, 1)
    optimizer = torch.optim.SGD(deeper.parameters(), lr=0.05)
    before = copy.deepcopy(deeper.state_dict())
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(deeper(torch.randn(8, 3, 6, 6)), torch.arange(8) % 4).backward()
        optimizer.step()
    new = deeper.state_dict().keys() - network.state_dict().keys()
    weights = [name for name in new if name.endswith("weight")]
    assert weights
    assert all(not torch.equal(before[name], deeper.state_dict()[name]) for name in weights)


def test_the_network_itself_is_not_changed():
    network = trained(STAGES["basic"])
    names = list(network.state_dict())
    deepen(network, 2)
    assert list(network.state_dict()) == names


def test_a_block_of_ones_own_can_be_registered():
    class Doubled(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = nn.Parameter(torch.tensor(factor))

        def forward(self, x):
            return self.factor * x

    identity_block.register(Doubled, lambda block: Doubled(1.0))
    deeper = deepen(nn.Sequential(Doubled(2.0)), 3)
    assert len(deeper) == 4
    assert deeper(torch.ones(1)).item() == 2.0


def test_a_network_without_known_blocks_is_refused():
    with pytest.raises(ValueError, match=r"no stage that ends in a block of headway\.nn"):
        deepen(nn.Sequential(nn.Linear(2, 2)))


def test_adding_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        deepen(nn.Sequential(BasicBlock(2, 2)), 0)


def test_a_branch_that_would_never_learn_again_is_refused():
    branch = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    with pytest.raises(
        TypeError, match="branch that ends in ReLU: its last layer must have weights"
    ):
        identity_block(Residual(branch))


def test_an_unknown_block_has_no_identity():
    with pytest.raises(TypeError, match="cannot make an identity of Linear"):
        identity_block(nn.Linear(2, 2))


def test_a_skipped_block_is_its_shortcut_and_comes_back():
    network, x = (
        nn.Sequential(BasicBlock(2, 2), BasicBlock(2, 2)).eval(),
        torch.rand(1, 2, 4, 4),
    )
    nn.init.ones_(network[0].norm2.bias)
    whole = network(x)
    with skipping(network[0]):
        assert torch.equal(network(x), network[1](x))
    assert torch.equal(network(x), whole)


def test_a_plain_block_cannot_be_skipped():
    with (
        pytest.raises(TypeError, match="PlainBlock has no shortcut"),
        skipping(PlainBlock(2, 2)),
    ):
        pass


def test_a_lesion_study_leaves_out_one_block_after_the_other():
    torch.manual_seed(0)
    network = nn.Sequential(*[BasicBlock(2, 2) for _ in range(3)]).eval()
    x = torch.rand(1, 2, 4, 4)
    found = dict(lesion_study(network, lambda: network(x).sum().item()))
    assert list(found) == ["0", "1", "2"]
    network[1].silence_()
    assert network(x).sum().item() == pytest.approx(found["1"])
