import pytest
import torch
from torch import Tensor, nn

from headway.optim import (
    Penalty,
    decayed_parameters,
    elastic_net,
    l1_penalty,
    l2_penalty,
)


def weights() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 2), (4,)]
    found = [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]
    found[0][0, 0] = 0.0
    return [w.requires_grad_() for w in found]


def test_the_penalties_are_the_sums_of_the_formulas() -> None:
    flat = torch.cat([w.detach().flatten() for w in weights()]).tolist()
    squares, magnitudes = sum(v**2 for v in flat), sum(abs(v) for v in flat)
    assert l2_penalty(weights(), 0.3).item() == pytest.approx(0.3 * squares)
    assert l1_penalty(weights(), 0.3).item() == pytest.approx(0.3 * magnitudes)
    both = elastic_net(weights(), l1=1.0, l2=0.2).item()
    assert both == pytest.approx(0.2 * squares + magnitudes)


def test_the_gradient_of_l2_is_twice_the_strength_times_the_weight() -> None:
    w = weights()[1]
    (gradient,) = torch.autograd.grad(l2_penalty([w], 0.3), [w])
    torch.testing.assert_close(gradient, 0.6 * w.detach())


@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.3), (0.2, 0.5)])
def test_what_is_added_to_gradients_is_the_gradient_of_the_penalty(
    l1: float, l2: float
) -> None:
    params = weights()
    expected = torch.autograd.grad(elastic_net(params, l1=l1, l2=l2), params)
    for w in params:
        w.grad = torch.ones_like(w)
    Penalty(params, l1=l1, l2=l2).add_gradients_()
    for w, gradient in zip(params, expected, strict=True):
        torch.testing.assert_close(w.grad, 1.0 + gradient, rtol=1e-14, atol=1e-14)


def test_a_weight_without_gradient_is_not_penalized() -> None:
    w, v = (torch.ones(1, requires_grad=True) for _ in range(2))
    w.grad = torch.zeros(1)
    Penalty([w, v], l1=1.0, l2=0.0).add_gradients_()
    assert w.grad.item() == 1.0
    assert v.grad is None


def test_norms_and_biases_do_not_decay() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    assert decayed_parameters(model) == [model[0].weight, model[2].weight]


def test_nothing_costs_nothing() -> None:
    assert elastic_net([], l1=1.0, l2=1.0).item() == 0.0


def test_a_negative_strength_is_refused() -> None:
    with pytest.raises(ValueError, match=r"l1 must be at least 0, got -0\.1"):
        l1_penalty(weights(), -0.1)
    with pytest.raises(ValueError, match="l2 must be at least 0"):
        Penalty(weights(), l1=0.0, l2=-1.0)


def test_the_hinge_loss_of_torch_is_that_of_the_lecture() -> None:
    scores = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 3, 1, 1, 2])
    expected = 0.0
    for f, y in zip(scores.tolist(), targets.tolist(), strict=True):
        expected += sum(max(0.0, f[j] - f[y] + 1.0) for j in range(4) if j != y)
    # Torch divides by the number of classes besides.
    ours = 4.0 * nn.MultiMarginLoss(reduction="mean")(scores, targets)
    assert ours.item() == pytest.approx(expected / 5, rel=1e-6)
