"""Checks of layers: each fault has its cause, and no healthy network has any."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.checks.activation_scale import check_activation_scale
from headway.doctor.checks.dead_units import check_dead_units
from headway.doctor.checks.gradient_flow import check_gradient_flow
from headway.doctor.checks.hidden_activation import check_hidden_activation
from headway.doctor.checks.saturation import check_saturation
from headway.doctor.checks.symmetry import check_symmetry
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding

from .healthy_networks import HEALTHY, Transformer, chain

CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    check_symmetry,
    check_activation_scale,
    check_hidden_activation,
    check_gradient_flow,
    check_dead_units,
    check_saturation,
)
MakeEvidence = Callable[..., Evidence]


def findings(evidence: Evidence) -> list[Finding]:
    """All findings, most confident first."""
    found = [finding for check in CHECKS for finding in check(evidence)]
    return sorted(found, key=lambda finding: -finding.confidence)


def changed(
    build: Callable[[], nn.Module], change: Callable[[nn.Linear], Any]
) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        model = build()
        with torch.no_grad():
            for module in model.modules():
                if isinstance(module, nn.Linear):
                    change(module)
        return model

    return make


def plain() -> nn.Module:
    return chain(nn.ReLU, 3)


def constant(layer: nn.Linear) -> None:
    layer.weight.fill_(0.05)
    layer.bias.fill_(0.1)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_network_has_no_finding(name: str, flow: MakeEvidence) -> None:
    assert findings(flow(HEALTHY[name])) == []


@pytest.mark.parametrize("name", ["mlp", "tanh", "pre-activation"])
def test_a_trained_healthy_network_has_no_finding(name: str, flow: MakeEvidence) -> None:
    evidence = flow(HEALTHY[name], trained_steps=20)
    assert evidence.late_flow is not None
    assert findings(evidence) == []


def test_a_healthy_transformer_has_no_finding(flow: MakeEvidence) -> None:
    ids = torch.randint(0, 30, (256, 7), generator=torch.Generator().manual_seed(0))
    assert findings(flow(Transformer, inputs=ids)) == []


@pytest.mark.parametrize(
    ("change", "confidence"),
    [
        (constant, 0.97),
        (lambda layer: (layer.weight.zero_(), layer.bias.zero_()), 0.97),
        (lambda layer: layer.weight.mul_(1e-3), 0.85),
        (lambda layer: layer.weight.mul_(0.03), 0.85),
        (lambda layer: layer.weight.normal_(0, 3), 0.85),
        (lambda layer: layer.bias.fill_(-5) if layer.out_features > 2 else None, 0.9),
    ],
    ids=["constant", "zero", "tiny", "small", "huge", "dead biases"],
)
def test_a_bad_start_is_an_init_fault(
    change: Callable[[nn.Linear], Any], confidence: float, flow: MakeEvidence
) -> None:
    first = findings(flow(changed(plain, change)))[0]
    assert (first.cause, first.confidence) == ("init", confidence)
    assert first.layer in {"0", "2", "4", "6"}


def test_constant_weights_behind_dropout_are_an_init_fault(flow: MakeEvidence) -> None:
    build = changed(
        lambda: chain(lambda: nn.Sequential(nn.ReLU(), nn.Dropout()), 3), constant
    )
    (first, *_) = findings(flow(build))
    assert (first.cause, first.is_certain) == ("init", False)


def test_units_that_stay_equal_are_certain(flow: MakeEvidence) -> None:
    (finding,) = check_symmetry(flow(changed(plain, constant)))
    assert finding.is_certain
    assert finding.severity == "error"
    assert "3 of 3 hidden layers" in finding.evidence


def test_large_weights_before_a_norm_are_no_strong_finding(flow: MakeEvidence) -> None:
    build = changed(
        lambda: chain(nn.ReLU, 3, norm=nn.BatchNorm1d),
        lambda layer: layer.weight.normal_(0, 3) if layer.out_features > 2 else None,
    )
    assert all(finding.confidence < 0.5 for finding in findings(flow(build)))


def test_raw_parameters_count_as_layers(flow: MakeEvidence) -> None:
    class Raw(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w1 = nn.Parameter(torch.randn(20, 64))
            self.w2 = nn.Parameter(torch.randn(64, 2))

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x @ self.w1 * 3) @ self.w2

    (finding,) = findings(flow(Raw))
    assert (finding.cause, finding.layer) == ("init", "w2")


def test_no_activation_is_certain(flow: MakeEvidence) -> None:
    (finding,) = findings(flow(lambda: chain(nn.Identity, 3)))
    assert (finding.cause, finding.is_certain) == ("hidden_activation", True)
    assert finding.severity == "error"


def test_no_activation_is_seen_behind_a_softmax_head(flow: MakeEvidence) -> None:
    build = lambda: nn.Sequential(*chain(nn.Identity, 3), nn.Softmax(dim=-1))  # noqa: E731
    (finding,) = findings(flow(build))
    assert (finding.cause, finding.is_certain) == ("hidden_activation", True)


def test_a_linear_autoencoder_is_left_alone(flow: MakeEvidence) -> None:
    evidence = flow(
        lambda: nn.Sequential(nn.Linear(20, 4), nn.Linear(4, 20)),
        loss_fn=lambda output, target: output.square().mean(),
    )
    evidence.task = evidence.task.__class__(kind="values", targets_equal_inputs=True)
    assert findings(evidence) == []


def test_a_softmax_between_layers_is_found(flow: MakeEvidence) -> None:
    class Inside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(20, 32), nn.Linear(32, 2)

        def forward(self, x: Tensor) -> Tensor:
            h = nn.functional.dropout(self.fc1(x).softmax(dim=-1), 0.2, self.training)
            return self.fc2(h)

    (finding,) = findings(flow(Inside))
    assert (finding.cause, finding.layer) == ("hidden_activation", "softmax")


@pytest.mark.parametrize("depth", [4, 9])
def test_a_chain_of_sigmoids_is_the_cause_of_what_vanishes(
    depth: int, flow: MakeEvidence
) -> None:
    first, *others = findings(flow(lambda: chain(nn.Sigmoid, depth)))
    assert first.cause == "hidden_activation"
    assert first.confidence == (0.85 if depth > 4 else 0.7)
    assert all(finding.confidence <= 0.6 for finding in others)


def test_shallow_sigmoids_are_only_suspected(flow: MakeEvidence) -> None:
    (finding,) = findings(flow(lambda: chain(nn.Sigmoid, 1)))
    assert (finding.cause, finding.confidence) == ("hidden_activation", 0.4)


def test_ordinary_weights_fade_in_a_deep_plain_chain(flow: MakeEvidence) -> None:
    found = findings(flow(lambda: chain(nn.ReLU, 12)))
    assert [finding.cause for finding in found[:2]] == ["normalization", "init"]
    assert {finding.cause for finding in found[2:]} == {"dead_units", "vanishing_gradient"}


def test_small_weights_in_a_deep_plain_chain_are_an_init_fault(flow: MakeEvidence) -> None:
    def build() -> nn.Module:
        model = chain(nn.ReLU, 12)
        for layer in model:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.2 / layer.in_features**0.5)
        return model

    assert [finding.cause for finding in findings(flow(build))[:2]] == [
        "init",
        "normalization",
    ]


def test_units_that_die_in_training_are_a_symptom(flow: MakeEvidence) -> None:
    (finding, *_) = findings(flow(plain, lr=6.0, trained_steps=12))
    assert finding.cause == "dead_units"
    assert finding.confidence < 0.5
    assert "before training" in finding.evidence


def test_numbers_that_are_not_finite_are_no_dead_units(flow: MakeEvidence) -> None:
    inputs = torch.full((256, 20), float("nan"))
    assert findings(flow(plain, inputs=inputs)) == []


def test_saturation_by_large_inputs_is_a_symptom(flow: MakeEvidence) -> None:
    inputs = 100 * torch.randn(512, 20, generator=torch.Generator().manual_seed(0))
    (finding,) = findings(flow(lambda: chain(nn.Tanh, 1), inputs=inputs))
    assert (finding.cause, finding.confidence) == ("saturation", 0.25)
    assert finding.layer == "1"


def test_nothing_is_said_without_numbers(flow: MakeEvidence) -> None:
    evidence = flow(plain)
    evidence.flow = None
    assert findings(evidence) == []


def test_weights_too_small_for_the_eps_of_the_norms_behind_them_are_an_init_fault(
    flow: MakeEvidence,
) -> None:
    build = changed(
        lambda: chain(nn.ReLU, 3, norm=nn.BatchNorm1d),
        lambda layer: layer.weight.mul_(1e-3),
    )
    assert findings(flow(build))[0].cause == "init"


def test_small_weights_in_front_of_a_norm_are_as_good_as_large_ones(
    flow: MakeEvidence,
) -> None:
    build = changed(
        lambda: chain(nn.ReLU, 3, norm=nn.BatchNorm1d),
        lambda layer: layer.weight.mul_(0.05) if layer.out_features > 2 else None,
    )
    assert findings(flow(build)) == []
