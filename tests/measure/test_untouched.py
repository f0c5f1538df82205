"""Everything that a pass changes comes back."""

import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from headway.measure import untouched


class Counter(nn.Module):
    """Replaces a buffer, keeps a hidden state, clips its weight in the forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.register_buffer("steps", torch.zeros(()))
        self.hidden: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        self.steps = self.steps + 1
        self.weight.data.mul_(0.5)
        self.hidden = x * self.weight
        return self.hidden.sum()


def test_buffers_weights_and_kept_tensors_come_back() -> None:
    model = Counter()
    steps = model.steps
    with untouched(model):
        model(torch.ones(3)).backward()
        assert model.steps == 1
    assert model.steps is steps
    assert model.hidden is None
    assert model.weight.tolist() == [1.0, 1.0, 1.0]
    assert model.weight.grad is None


def test_gradients_are_absent_inside_and_the_same_afterwards() -> None:
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    gradient = model.weight.grad
    with untouched(model):
        assert model.weight.grad is None
        model(torch.ones(1, 2)).sum().backward()
    assert model.weight.grad is gradient
    assert gradient is not None
    assert gradient.tolist() == [[1.0, 1.0]]


def test_flags_come_back() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    model[1].eval()
    with untouched(model):
        model.train().requires_grad_(False)
    assert (model[0].training, model[1].training) == (True, False)
    assert model[0].weight.requires_grad


def test_random_states_come_back() -> None:
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - programs use it
    random.seed(0)
    random.random()
    # The place in the sequence moves by the shape checks of the tests, the sequence does not.
    states = torch.get_rng_state(), random.getstate()[1][:-1]
    expected = np.random.get_state()[1].tolist()  # noqa: NPY002
    with untouched(nn.Dropout()):
        torch.rand(3)
        np.random.rand(3)  # noqa: NPY002
        random.seed(5)
        random.random()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate()[1][:-1] == states[1]
    assert np.random.get_state()[1].tolist() == expected  # noqa: NPY002


def test_all_comes_back_after_an_error() -> None:
    model = Counter()

    def fail() -> None:
        with untouched(model):
            model(torch.ones(3))
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fail()
    assert model.steps == 0
    assert model.weight.tolist() == [1.0, 1.0, 1.0]
