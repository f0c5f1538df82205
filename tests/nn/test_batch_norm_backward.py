import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.autograd.gradcheck import GradcheckError

from headway.nn import BatchNormGradients, batch_norm_backward

SHAPES = [(6, 3), (6, 3, 5), (4, 3, 2, 5)]
WEIGHT = torch.tensor([0.5, -2.0, 3.0], dtype=torch.float64)


def _random(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _by_autograd(grad, x, *, eps) -> BatchNormGradients:
    """Batch norm step by step, so that each step has a gradient."""
    dims = [dim for dim in range(x.ndim) if dim != 1]
    x, weight, bias = (t.clone().requires_grad_() for t in (x, WEIGHT, 0 * WEIGHT))
    mean = x.mean(dims)
    wide = (slice(None), *(None for _ in x.shape[2:]))
    variance = (x - mean[wide]).square().mean(dims)
    normalized = (x - mean[wide]) / (variance[wide] + eps).sqrt()
    loss = ((weight[wide] * normalized + bias[wide]) * grad).sum()
    parts = (normalized, variance, mean, x, weight, bias)
    return BatchNormGradients(*torch.autograd.grad(loss, parts))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [0.0, 1e-5, 0.5])
@pytest.mark.parametrize("part", range(6), ids=BatchNormGradients._fields)
def test_each_of_the_six_partials_is_that_of_autograd(shape, eps, part):
    grad, x = _random(shape, 0), 2 + 3 * _random(shape, 1)
    ours = batch_norm_backward(grad, x, WEIGHT, eps=eps)[part]
    torch.testing.assert_close(
        ours, _by_autograd(grad, x, eps=eps)[part], atol=1e-12, rtol=0
    )


def test_the_gradients_are_those_of_the_layer_of_torch():
    grad, x = _random((6, 3), 0), _random((6, 3), 1).requires_grad_()
    norm = nn.BatchNorm1d(3).double()
    with torch.no_grad():
        norm.weight.copy_(WEIGHT)
    theirs = torch.autograd.grad((norm(x) * grad).sum(), (x, norm.weight, norm.bias))
    ours = batch_norm_backward(grad, x.detach(), WEIGHT)
    torch.testing.assert_close(ours[3:], theirs, atol=1e-12, rtol=0)


def _function(change):
    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, weight):
            ctx.save_for_backward(x, weight)
            return nn.functional.batch_norm(x, None, None, weight, training=True)

        @staticmethod
        def backward(ctx, grad):
            gradients = batch_norm_backward(grad, *ctx.saved_tensors)
            return change(gradients), gradients.weight

    return Function.apply


def test_finite_differences_confirm_the_formulas():
    x, weight = _random((6, 3), 0).requires_grad_(), WEIGHT.clone().requires_grad_()
    assert gradcheck(_function(lambda gradients: gradients.input), (x, weight), atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.input - 2 * g.mean / 6,  # the sign of dl/dmean
        lambda g: g.input - g.mean / 6,  # the mean taken for a constant
        lambda g: -g.input,
    ],
    ids=["wrong sign", "mean as a constant", "all signs"],
)
def test_finite_differences_notice_a_planted_error(change):
    x, weight = _random((6, 3), 0).requires_grad_(), WEIGHT.clone().requires_grad_()
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradcheck(_function(change), (x, weight), atol=1e-6)


def test_statistics_taken_for_constants_give_another_gradient():
    grad, x = _random((6, 3), 0), _random((6, 3), 1)
    gradients = batch_norm_backward(grad, x, WEIGHT)
    frozen = gradients.normalized / x.std(0, correction=0)
    assert not torch.allclose(gradients.input, frozen, atol=1e-2)
