"""Recomputing activations saves memory and changes nothing else."""

import copy

import pytest
import torch
from torch import nn

from headway.engine.memory import apply_memory_mode
from headway.measure import saved_bytes
from headway.models import build_model


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(32, 32)
        self.norm = nn.BatchNorm1d(32)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return x + self.drop(torch.tanh(self.norm(self.linear(x))))


def deep() -> nn.Module:
    torch.manual_seed(0)
    stage = nn.Sequential(*[Block() for _ in range(16)])
    return nn.Sequential(nn.Linear(8, 32), stage, nn.Linear(32, 2))


def step(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(1)
    loss = model(x).square().mean()
    loss.backward()
    return loss.detach()


@pytest.mark.parametrize("mode", ["checkpoint", "sqrt"])
def test_losses_gradients_and_statistics_are_the_same(mode):
    plain, saving = deep(), deep()
    apply_memory_mode(saving, mode)
    x = torch.randn(64, 8)

    assert torch.equal(step(plain, x), step(saving, x))
    pairs = zip(plain.parameters(), saving.parameters(), strict=True)
    assert all(torch.equal(a.grad, b.grad) for a, b in pairs)
    buffers = zip(plain.buffers(), saving.buffers(), strict=True)
    assert all(torch.equal(a, b) for a, b in buffers)


@pytest.mark.parametrize("mode", ["checkpoint", "sqrt"])
@pytest.mark.parametrize("name", ["resnet-20", "plain-20"])
def test_the_residual_networks_give_the_same_gradients(mode, name):
    def build() -> nn.Module:
        torch.manual_seed(0)
        return build_model(name, input_shape=(1, 8, 8), num_outputs=2)

    plain, saving = build(), build()
    apply_memory_mode(saving, mode)
    x = torch.randn(8, 1, 8, 8)

    assert torch.equal(step(plain, x), step(saving, x))
    pairs = zip(plain.parameters(), saving.parameters(), strict=True)
    assert all(torch.equal(a.grad, b.grad) for a, b in pairs)


def test_a_unit_that_works_in_place_stays_with_the_one_before():
    stack = nn.Sequential(nn.Sequential(Block(), nn.ReLU(inplace=True), Block()))

    assert apply_memory_mode(stack, "checkpoint") == 2
    stack(torch.randn(4, 32, requires_grad=True)).sum().backward()


def test_less_is_saved_for_the_backward_pass():
    x = torch.randn(64, 8)
    sizes = {}
    for mode in ("store", "checkpoint", "sqrt"):
        model = deep()
        apply_memory_mode(model, mode)
        sizes[mode] = saved_bytes(lambda model=model: model(x).sum())

    assert sizes["sqrt"] < sizes["checkpoint"] < sizes["store"] / 2


def test_sqrt_makes_about_sqrt_of_the_blocks_segments():
    assert apply_memory_mode(deep(), "sqrt") == 4
    assert apply_memory_mode(deep(), "checkpoint") == 16


def test_names_of_weights_stay():
    model, names = deep(), list(deep().state_dict())

    apply_memory_mode(model, "sqrt")

    assert list(model.state_dict()) == names


def test_evaluation_recomputes_nothing_and_agrees():
    model = deep().eval()
    plain = copy.deepcopy(model)
    apply_memory_mode(model, "checkpoint")
    x = torch.randn(4, 8)

    assert torch.equal(model(x), plain(x))
