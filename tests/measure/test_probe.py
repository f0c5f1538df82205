import pytest
import torch
from torch import nn

from headway.measure import probe


class _Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("last", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        self.last = x.sum()
        return x * torch.rand_like(x), self.training, torch.is_grad_enabled()


def test_a_buffer_changed_in_place_comes_back():
    module = _Counting()
    probe(module, torch.ones(2))
    assert module.calls == 0


def test_a_buffer_that_was_replaced_comes_back():
    module = _Counting()
    last = module.last
    probe(module, torch.ones(2))
    assert module.last is last


def test_the_random_state_comes_back():
    before = torch.get_rng_state()
    probe(_Counting(), torch.ones(2))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_module_runs_in_evaluation_mode_without_gradients():
    assert probe(_Counting(), torch.ones(2))[1:] == (False, False)


@pytest.mark.parametrize("flag", [True, False])
def test_the_training_flag_comes_back(flag):
    module = _Counting().train(flag)
    probe(module, torch.ones(2))
    assert module.training is flag


def test_the_training_flag_comes_back_after_a_failure():
    module = nn.Linear(3, 3)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        probe(module, torch.ones(2, 2))
    assert module.training


@pytest.mark.gpu
def test_the_random_state_of_the_device_comes_back():
    module = _Counting().cuda()
    before = torch.cuda.get_rng_state()
    probe(module, torch.ones(2, device="cuda"))
    assert torch.equal(torch.cuda.get_rng_state(), before)
