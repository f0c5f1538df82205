import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck

from headway.nn import FixupBlock, initialize_fixup_


def network(num_blocks, *, width=8, num_outputs=4):
    """Return a stem, blocks and a head without any normalisation, for 8x8 images."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.Sequential(*[FixupBlock(width, width) for _ in range(num_blocks)]),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, num_outputs),
    )


def test_a_block_is_the_formula_of_figure_one():
    torch.manual_seed(0)
    block = FixupBlock(2, 4, stride=2).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64)
    hidden = F.conv2d(x + block.bias1, block.conv1.weight, stride=2, padding=1)
    hidden = (hidden + block.bias2).relu() + block.bias3
    branch = block.scale * F.conv2d(hidden, block.conv2.weight, padding=1) + block.bias4
    torch.testing.assert_close(block(x), (block.shortcut(x) + branch).relu())


@pytest.mark.parametrize("stride", [1, 2])
def test_the_gradient_is_that_of_finite_differences(stride):
    torch.manual_seed(0)
    block = FixupBlock(2, 3, stride=stride).double()
    nn.init.normal_(block.bias2)
    assert gradcheck(
        block, (torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True),)
    )


def test_the_start_is_the_identity_of_what_is_not_negative():
    block = initialize_fixup_(FixupBlock(3, 3))
    x = torch.rand(2, 3, 4, 4)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize("num_blocks", [1, 4, 25])
def test_first_convolutions_start_smaller_by_the_root_of_the_number_of_blocks(num_blocks):
    torch.manual_seed(0)
    made = initialize_fixup_(network(num_blocks, width=32))
    std = math.sqrt(2 / (32 * 9)) / math.sqrt(num_blocks)
    weights = torch.stack([block.conv1.weight for block in made[1]])
    assert weights.std().item() == pytest.approx(std, rel=0.05)


def test_last_convolutions_and_the_classifier_start_at_zero():
    made = initialize_fixup_(network(3))
    assert not any(block.conv2.weight.any() for block in made[1])
    assert not made[-1].weight.any()
    assert not made[-1].bias.any()


def test_one_step_moves_the_output_by_as_much_at_any_depth():
    changes = []
    for num_blocks in (4, 64):
        torch.manual_seed(0)
        made = initialize_fixup_(network(num_blocks)).double()
        nn.init.normal_(made[-1].weight, 0.0, 0.1)  # a head of zero would hide the blocks
        x = torch.randn(16, 1, 8, 8, dtype=torch.float64)
        before = made(x)
        # The scalars have a smaller learning rate in the paper; the weights follow the rule.
        weights = [p for block in made[1] for p in block.parameters() if p.ndim > 1]
        gradients = torch.autograd.grad(
            F.cross_entropy(before, torch.arange(16) % 4), weights
        )
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= 1e-3 * gradient
        changes.append((made(x) - before).norm().item())
    assert changes[1] / changes[0] == pytest.approx(1.0, abs=0.5)  # not 16


def test_a_network_without_such_blocks_is_refused():
    with pytest.raises(ValueError, match="Linear has no FixupBlock"):
        initialize_fixup_(nn.Linear(2, 2))
