import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.measure import check_gradients


class Square(torch.autograd.Function):
    """x**2, whose gradient is multiplied by a planted factor."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x.square()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return ctx.factor * 2.0 * x * grads[0], None


class Planted(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.tensor([0.5, -2.0]))
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + Square.apply(self.scale, self.factor)


def inputs(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
        nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ELU()),
        nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Softmax(dim=1)),
        nn.LayerNorm(3),
        nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4)).eval(),
    ],
    ids=["tanh", "batch norm", "dropout", "layer norm", "spectral norm"],
)
def test_right_gradients_are_found_right(module: nn.Module) -> None:
    report = check_gradients(module, inputs(5, 3))
    assert report.max_error < 1e-6, report
    assert report.is_correct
    assert report.num_kinks == 0


@pytest.mark.parametrize("factor", [-1.0, 0.5, 1.001])
def test_a_planted_error_is_caught_and_named(factor: float) -> None:
    report = check_gradients(Planted(factor), inputs(4, 3))
    wrong = [t for t in report.tensors if t.error > report.tolerance]
    assert [t.name for t in wrong] == ["scale"]
    assert wrong[0].analytic == pytest.approx(factor * wrong[0].numeric, rel=1e-6)
    assert not report.is_correct
    assert "scale: WRONG" in str(report)


def test_the_error_is_the_relative_one_of_the_worst_element() -> None:
    report = check_gradients(lambda x: Square.apply(x, 3.0), torch.tensor([0.0, 1.0, 2.0]))
    # |3 - 1| / max(3, 1)
    assert report.max_error == pytest.approx(2.0 / 3.0, rel=1e-6)


def test_a_relu_at_zero_is_a_kink_and_no_error() -> None:
    report = check_gradients(torch.relu, torch.tensor([[-1.0, 0.0], [0.5, 0.0]]))
    assert report.is_correct
    assert report.tensors[0].kinks == ((0, 1), (1, 1))
    assert "2 at a kink" in str(report)


def test_a_kink_is_seen_where_the_centered_difference_happens_to_be_right() -> None:
    assert check_gradients(torch.abs, torch.tensor([0.0, 2.0])).tensors[0].kinks == ((0,),)


def test_a_gradient_outside_the_slopes_of_a_kink_is_an_error() -> None:
    def beyond(x: Tensor) -> Tensor:
        return torch.relu(x) + 5.0 * (x - x.detach())

    report = check_gradients(beyond, torch.tensor([0.0]))
    assert report.num_kinks == 0
    assert report.max_error > 0.5


def test_a_kink_within_the_step_does_not_hide_a_right_gradient() -> None:
    report = check_gradients(torch.relu, torch.tensor([4e-6, -4e-6]))
    assert report.is_correct
    assert report.num_kinks == 0


def test_a_kink_that_the_weights_lead_to_is_reported_for_them() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    nn.init.zeros_(model[0].weight)
    nn.init.zeros_(model[0].bias)
    report = check_gradients(model, torch.tensor([[1.0, 2.0]]))
    kinks = {tensor.name: len(tensor.kinks) for tensor in report.tensors}
    assert kinks == {"input 0": 0, "0.weight": 6, "0.bias": 3}
    assert report.is_correct


@pytest.mark.parametrize("strength", [200.0, 2e4])
def test_strong_curvature_is_no_kink(strength: float) -> None:
    report = check_gradients(lambda x: torch.exp(strength * x), torch.tensor([0.0, 1e-6]))
    assert report.num_kinks == 0
    assert report.is_correct


def test_nothing_is_changed() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[0].weight.grad = torch.ones(4, 3)
    model[0].bias.requires_grad_(False)
    x = inputs(5, 3)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    kept, random = x.clone(), torch.get_rng_state()

    report = check_gradients(model, x)

    assert torch.equal(torch.get_rng_state(), random)
    assert torch.equal(x, kept)
    assert not x.requires_grad
    after = model.state_dict()
    assert all(
        torch.equal(after[n], t) and after[n].dtype == t.dtype for n, t in before.items()
    )
    assert torch.equal(model[0].weight.grad, torch.ones(4, 3))
    assert "0.bias" not in [tensor.name for tensor in report.tensors]


def test_large_tensors_are_sampled_and_the_sample_follows_the_seed() -> None:
    model = nn.Linear(40, 30)
    first, same, other = (
        check_gradients(model, inputs(2, 40), max_elements=8, seed=seed)
        for seed in (0, 0, 1)
    )
    assert [t.num_checked for t in first.tensors] == [8, 8, 8]
    assert first.tensors[1].num_elements == 1200
    assert first == same != other


def test_an_error_in_one_of_many_elements_is_found_where_all_are_checked() -> None:
    def one_wrong(x: Tensor) -> Tensor:
        wrong = torch.zeros_like(x)
        wrong[3, 7] = 1.0
        return x.sin() + wrong * (x - x.detach())

    report = check_gradients(one_wrong, inputs(10, 10), max_elements=100)
    assert report.tensors[0].position == (3, 7)


def test_several_inputs_and_outputs_take_part() -> None:
    def both(x: Tensor, index: Tensor, y: Tensor) -> dict[str, Any]:
        return {"a": (x[index] * y).sum(), "b": [x.cos(), index]}

    report = check_gradients(both, (inputs(3), torch.tensor([2, 0]), inputs(2)))
    assert [tensor.name for tensor in report.tensors] == ["input 0", "input 2"]
    assert report.is_correct


def test_small_gradients_are_not_lost_in_the_rounding_of_the_function() -> None:
    report = check_gradients(lambda x: 1000.0 + 1e-6 * x.sin(), inputs(20))
    assert report.is_correct, report


def test_a_loss_without_gradient_has_gradients_of_zero() -> None:
    assert check_gradients(lambda x: x.round(), torch.tensor([0.2, 0.7])).is_correct


def test_a_loss_is_checked_as_well() -> None:
    targets = torch.tensor([0, 2, 1])
    assert check_gradients(lambda x: F.cross_entropy(x, targets), inputs(3, 4)).is_correct


@pytest.mark.parametrize(
    ("function", "given", "error", "message"),
    [
        (torch.sin, torch.tensor([1]), ValueError, "no float input and no trainable"),
        (lambda x: x.argmax(), torch.ones(2), TypeError, "must return a float tensor"),
        (lambda x: x.log(), torch.tensor([0.0]), ValueError, "must be finite"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    function: Any, given: Tensor, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_gradients(function, given)


def test_a_function_that_gives_two_values_is_refused() -> None:
    calls: list[int] = []

    def restless(x: Tensor) -> Tensor:
        calls.append(1)
        return x * len(calls)

    with pytest.raises(ValueError, match="two values for the same inputs"):
        check_gradients(restless, torch.ones(1))


@pytest.mark.parametrize("step", [0.0, -1.0, math.nan])
def test_a_step_that_is_not_above_zero_is_refused(step: float) -> None:
    with pytest.raises(ValueError, match="step must be above 0"):
        check_gradients(torch.sin, torch.ones(1), step=step)
