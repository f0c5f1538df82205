import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck

from headway.nn import StochasticPool2d


def test_torchs_l2_pooling_is_the_root_of_the_sum_of_squares():
    x = torch.tensor([[[[-3.0, 0.0], [0.0, 4.0]]]])
    assert nn.LPPool2d(2, 2)(x).item() == nn.LPPool2d(2, 2)(-x).item() == 5.0


def test_the_gradient_of_torchs_l2_pooling_is_that_of_finite_differences():
    torch.manual_seed(0)
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    assert gradcheck(nn.LPPool2d(2, 3, stride=2), (x,))


def test_the_gradient_of_torchs_l2_pooling_is_zero_at_a_window_of_zeros():
    x = torch.zeros(1, 1, 2, 2, requires_grad=True)
    nn.LPPool2d(2, 2)(x).sum().backward()
    assert x.grad.eq(0).all()


def _windows():
    """Return activations of 4,096 equal windows (1, 2, 0, 5)."""
    return torch.tensor([[1.0, 2.0], [0.0, 5.0]]).repeat(64, 64)[None, None]


def test_stochastic_pooling_draws_by_size():
    torch.manual_seed(0)
    drawn = StochasticPool2d(2)(_windows()).flatten()
    shares = torch.stack([(drawn == a).double().mean() for a in (0.0, 1.0, 2.0, 5.0)])
    expected = torch.tensor([0.0, 1 / 8, 2 / 8, 5 / 8], dtype=torch.float64)
    torch.testing.assert_close(shares, expected, atol=0.03, rtol=0.0)


def test_stochastic_pooling_evaluates_to_the_mean_of_its_draws():
    torch.manual_seed(0)
    pool = StochasticPool2d(2)
    mean, exact = pool(_windows()).mean(), pool.eval()(_windows())
    torch.testing.assert_close(exact, torch.full_like(exact, 30 / 8))
    assert mean.item() == pytest.approx(30 / 8, abs=0.1)


def test_stochastic_pooling_gives_zero_for_zeros_and_below():
    x = torch.tensor([[[[0.0, -1.0], [-2.0, 0.0]]]])
    pool = StochasticPool2d(2)
    assert pool(x).item() == pool.eval()(x).item() == 0.0


def test_stochastic_pooling_lets_the_gradient_through_what_it_drew():
    torch.manual_seed(0)
    x = _windows().clone().requires_grad_()
    y = StochasticPool2d(2)(x)
    y.sum().backward()
    drawn = F.max_pool2d(x * x.grad, 2)
    assert torch.equal(drawn, y)
    assert x.grad.sum() == y.numel()


def test_the_gradient_of_the_mean_is_that_of_finite_differences():
    torch.manual_seed(0)
    x = torch.rand(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    assert gradcheck(StochasticPool2d(3, stride=2, padding=1).eval(), (x,))


def test_the_same_seed_draws_the_same():
    pool, x = StochasticPool2d(2), torch.rand(2, 3, 8, 8)
    drawn = [pool(x) for _ in range(2) if torch.manual_seed(7)]
    assert torch.equal(*drawn)


def test_too_much_padding_is_refused():
    with pytest.raises(ValueError, match="padding from 0 to half of kernel_size, got 2"):
        StochasticPool2d(2, padding=2)
