from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.errors import ModelError, RecipeError
from headway.optim import build_optimizer


def scalar_model(value: float = 2.0) -> nn.Linear:
    """One weight, which decays, in float64."""
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.constant_(model.weight, value)
    return model


def weight_after(gradients: list[float], **settings: Any) -> float:
    model = scalar_model()
    optimizer = build_optimizer(model, **settings)
    for gradient in gradients:
        model.weight.grad = torch.full_like(model.weight, gradient)
        optimizer.step()
    return model.weight.item()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)],
)
def test_a_name_gives_the_optimizer_of_torch(name: str, kind: type) -> None:
    assert type(build_optimizer(scalar_model(), name=name, lr=0.1)) is kind


def test_sgd_sums_its_gradients_with_momentum() -> None:
    # m1 = 3, m2 = 0.9 * 3 + 5 = 7.7
    after = weight_after([3.0, 5.0], name="sgd", lr=0.1, momentum=0.9)
    assert after == pytest.approx(2.0 - 0.1 * 3.0 - 0.1 * 7.7, rel=1e-14)


def test_nesterov_looks_one_momentum_step_ahead() -> None:
    after = weight_after([3.0], name="sgd", lr=0.1, momentum=0.9, nesterov=True)
    assert after == pytest.approx(2.0 - 0.1 * (3.0 + 0.9 * 3.0), rel=1e-14)


@pytest.mark.parametrize("name", ["adam", "adamw"])
@pytest.mark.parametrize("gradient", [-7.0, 0.01])
def test_the_first_step_of_adam_has_the_size_of_the_learning_rate(
    name: str, gradient: float
) -> None:
    after = weight_after([gradient], name=name, lr=0.25, eps=0.0)
    assert after == pytest.approx(2.0 - 0.25 * torch.sign(torch.tensor(gradient)).item())


def test_the_decay_of_sgd_adds_to_the_gradient() -> None:
    after = weight_after([3.0], name="sgd", lr=0.1, weight_decay=0.5)
    assert after == pytest.approx(2.0 - 0.1 * (3.0 + 0.5 * 2.0), rel=1e-14)


def test_the_decay_of_adamw_stands_beside_the_step() -> None:
    after = weight_after([3.0], name="adamw", lr=0.1, weight_decay=0.5, eps=0.0)
    assert after == pytest.approx(2.0 * (1.0 - 0.1 * 0.5) - 0.1)


def test_the_decay_of_adam_is_scaled_with_the_gradient() -> None:
    after = weight_after([3.0], name="adam", lr=0.1, weight_decay=0.5, eps=0.0)
    assert after == pytest.approx(2.0 - 0.1)


def bias_after_decay(**settings: Any) -> float:
    model = nn.Linear(1, 1)
    nn.init.constant_(model.bias, 1.0)
    optimizer = build_optimizer(model, name="sgd", lr=0.1, weight_decay=0.5, **settings)
    model.bias.grad = torch.zeros_like(model.bias)
    optimizer.step()
    return model.bias.item()


def test_a_bias_does_not_decay() -> None:
    assert bias_after_decay() == 1.0


def test_a_bias_decays_where_it_is_not_excluded() -> None:
    assert bias_after_decay(exclude_norm_and_bias=False) == pytest.approx(0.95)


def test_a_frozen_parameter_is_not_optimized() -> None:
    model = nn.Linear(2, 2)
    model.weight.requires_grad_(False)
    optimizer = build_optimizer(model, name="sgd", lr=0.1, exclude_norm_and_bias=False)
    assert [len(group["params"]) for group in optimizer.param_groups] == [1]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_fused_is_used_on_the_cpu(name: str) -> None:
    assert build_optimizer(scalar_model(), name=name, lr=0.1).param_groups[0]["fused"]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_fused_gives_the_same_weights(name: str) -> None:
    settings: dict[str, Any] = {"name": name, "lr": 0.1, "weight_decay": 0.01}
    gradients = [1.0, -2.0, 0.5]
    fused = weight_after(gradients, fused=True, **settings)
    assert fused == pytest.approx(
        weight_after(gradients, fused=False, **settings), rel=1e-12
    )


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_fused_is_ignored_with_a_warning_where_torch_lacks_it(name: str) -> None:
    model = nn.Linear(2, 2, device="meta")
    with pytest.warns(UserWarning, match=f"fused is ignored: .* {name} for device 'meta'"):
        optimizer = build_optimizer(model, name=name, lr=0.1)
    assert not optimizer.param_groups[0]["fused"]


class Rotation(nn.Module):
    """A model with a complex parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.phases = nn.Parameter(torch.ones(2, 2, dtype=torch.complex64))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.phases


def test_fused_is_ignored_with_a_warning_for_complex_parameters() -> None:
    with pytest.warns(UserWarning, match=r"no fused adamw for parameters of torch\.comp"):
        build_optimizer(Rotation(), name="adamw", lr=0.1)


def test_no_warning_comes_where_fused_is_not_asked_for() -> None:
    build_optimizer(nn.Linear(2, 2, device="meta"), name="sgd", lr=0.1, fused=False)


def test_an_unknown_name_is_refused_with_the_closest_one() -> None:
    with pytest.raises(RecipeError, match=r"'adanw'.*Did you mean 'adamw'"):
        build_optimizer(scalar_model(), name="adanw", lr=0.1)


def test_nesterov_without_momentum_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"nesterov needs a momentum above 0, got 0\.0"):
        build_optimizer(scalar_model(), name="sgd", lr=0.1, momentum=0.0, nesterov=True)


def test_a_model_without_trainable_parameters_is_refused() -> None:
    with pytest.raises(ModelError, match="no trainable parameter"):
        build_optimizer(nn.ReLU(), name="sgd", lr=0.1)


def adam_by_the_lecture(gradients: list[Tensor], *, lr: float, eps: float) -> Tensor:
    """Adam as formulas: both averages from 0, each divided by what it lacks of a whole."""
    w = torch.zeros_like(gradients[0])
    for t in range(1, len(gradients) + 1):
        powers = torch.arange(t - 1, -1, -1, dtype=torch.float64)[:, None]
        so_far = torch.stack(gradients[:t])
        m_hat = (0.1 * 0.9**powers * so_far).sum(0) / (1 - 0.9**t)
        v_hat = (0.001 * 0.999**powers * so_far**2).sum(0) / (1 - 0.999**t)
        w = w - lr * m_hat / (v_hat.sqrt() + eps)
    return w


@pytest.mark.parametrize("fused", [True, False])
def test_adam_follows_the_formulas_of_the_lecture(fused: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    gradients = [
        torch.randn(4, generator=generator, dtype=torch.float64) for _ in range(12)
    ]
    model = nn.Linear(4, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    optimizer = build_optimizer(model, name="adam", lr=0.1, fused=fused)
    for gradient in gradients:
        model.weight.grad = gradient[None].clone()
        optimizer.step()
    expected = adam_by_the_lecture(gradients, lr=0.1, eps=1e-8)
    torch.testing.assert_close(model.weight.detach()[0], expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["sgd", "averaged-momentum", "adam"])
def test_a_decay_of_twice_the_strength_is_an_l2_penalty(name: str) -> None:
    w = 2.0
    by_decay = weight_after([3.0, -1.0], name=name, lr=0.1, weight_decay=0.2)
    model = scalar_model(w)
    optimizer = build_optimizer(model, name=name, lr=0.1)
    for gradient in (3.0, -1.0):
        model.weight.grad = gradient + 2.0 * 0.1 * model.weight.detach()
        optimizer.step()
    assert by_decay == pytest.approx(model.weight.item(), rel=1e-12)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_an_update_of_adam_stays_close_to_the_learning_rate(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    model = nn.Linear(1000, 1, bias=False, dtype=torch.float64)
    optimizer = build_optimizer(model, name=name, lr=0.01)
    sizes: list[float] = []
    for _ in range(50):
        before = model.weight.detach().clone()
        noise = torch.randn(1, 1000, generator=generator, dtype=torch.float64)
        model.weight.grad = 5.0 * (1.0 + noise)
        optimizer.step()
        sizes.append(float((model.weight.detach() - before).abs().mean()) / 0.01)
    assert min(sizes) > 0.2
    assert max(sizes) < 1.01


def test_gradient_descent_is_a_step_against_the_gradient() -> None:
    after = weight_after([3.0, -1.0], name="sgd", lr=0.1, momentum=0.0)
    assert after == pytest.approx(2.0 + -0.1 * 3.0 + -0.1 * -1.0, rel=1e-15)


@pytest.mark.parametrize("name", ["sgd", "averaged-momentum", "adam", "adamw", "muon"])
def test_no_optimizer_keeps_more_than_two_numbers_for_each_weight(name: str) -> None:
    model = nn.Sequential(nn.Linear(20, 30), nn.Linear(30, 10))
    optimizer = build_optimizer(model, name=name, lr=0.1)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    kept = sum(
        value.numel()
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, Tensor) and value.ndim
    )
    assert kept <= 2 * sum(parameter.numel() for parameter in model.parameters())
