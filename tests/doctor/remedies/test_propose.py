"""What is proposed for each cause."""

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor import remedies as public
from headway.doctor.evidence import Evidence
from headway.doctor.finding import CAUSES, Cause, Finding
from headway.doctor.inference import infer_task
from headway.doctor.program import Program, call_model
from headway.doctor.remedies import Remedy
from headway.doctor.remedies.propose import generic, propose
from headway.errors import RemedyDoesNotFit

Digits = Callable[..., Program]

MODELS: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10)),
    "softmax": lambda: nn.Sequential(nn.Linear(64, 10), nn.Softmax(dim=1)),
    "normed": lambda: nn.Sequential(
        nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 10)
    ),
    "no weights": nn.Tanh,
}


def evidence_of(make: Callable[[], Program]) -> Evidence:
    program = make()
    inputs, targets = program.train.first(600)
    outputs = call_model(program.model, inputs)
    task = infer_task(inputs, outputs, targets, program.loss_fn)
    return Evidence(make=lambda _: make(), program=program, task=task)


def found(cause: Cause, layer: str | None = None) -> Finding:
    return Finding(
        cause=cause, severity="error", confidence=0.9, evidence="", remedy="", layer=layer
    )


def first(cause: Cause, program: Callable[[], Program], layer: str | None = None) -> str:
    return repr(propose(found(cause, layer), evidence_of(program))[0])


def of_one(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD([*parameters, torch.zeros(1, requires_grad=True)], lr=0.1)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_one_to_four_remedies_that_print_themselves(
    on_digits: Digits, cause: Cause, model: str
) -> None:
    program = partial(on_digits, MODELS[model], optimizer=of_one)
    proposed = propose(found(cause), evidence_of(program))
    assert len(proposed) <= 4
    names = {name: getattr(public, name) for name in public.__all__}
    for remedy in proposed:
        assert isinstance(remedy, Remedy)
        assert eval(repr(remedy), names) == remedy
        assert remedy.describe().endswith(".")
        assert max(len(line) for line in remedy.snippet().splitlines()) <= 96


@pytest.mark.parametrize("model", MODELS)
def test_what_is_proposed_without_a_cause_fits_or_refuses(
    on_digits: Digits, model: str
) -> None:
    evidence = evidence_of(partial(on_digits, MODELS[model], optimizer=of_one))
    fitting = 0
    for remedy in generic(evidence):
        program = on_digits(MODELS[model], optimizer=of_one)
        try:
            program = remedy.apply(program)
        except RemedyDoesNotFit:
            continue
        fitting += 1
        call_model(program.model, next(program.train.batches())[0])
    assert fitting >= 4


def test_the_program_that_is_looked_at_stays(on_digits: Digits) -> None:
    evidence = evidence_of(partial(on_digits, MODELS["normed"]))
    model = evidence.program.model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    for cause in CAUSES:
        propose(found(cause), evidence)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_probabilities_before_a_cross_entropy_lose_their_softmax(on_digits: Digits) -> None:
    program = partial(on_digits, MODELS["softmax"])
    assert first("output_activation", program) == "RemoveHead(name='softmax')"


def test_log_probabilities_keep_their_head_where_a_metric_reads_it(
    on_digits: Digits,
) -> None:
    def metric(output: Tensor, target: Tensor) -> float:
        return float((output > 0.5).float().mean())

    def make() -> nn.Module:
        return nn.Sequential(nn.Linear(64, 1), nn.Sigmoid())

    settings = {"loss_fn": F.l1_loss, "targets": lambda y: (y > 4).float()[:, None]}
    with_metric = partial(on_digits, make, metric=metric, **settings)
    assert first("loss_mismatch", with_metric) == "ReplaceLoss(name='bce')"
    without = partial(on_digits, make, **settings)
    assert "RemoveHead(name='sigmoid'), ReplaceLoss(name='bce_with_logits')" in first(
        "loss_mismatch", without
    )


@pytest.mark.parametrize(
    ("targets", "change"),
    [
        (lambda y: y + 1, "from_zero"),
        (lambda y: y * 2, "consecutive"),
        (lambda y: y[:, None], "flat"),
        (lambda y: y.float(), "whole"),
        (lambda y: F.one_hot(y, 10), "ids_of_one_hot"),
    ],
    ids=["from-one", "gaps", "column", "float", "one-hot"],
)
def test_labels_are_changed_as_they_need(
    on_digits: Digits, targets: Callable[[Tensor], Tensor], change: str
) -> None:
    program = partial(on_digits, targets=targets)
    assert first("label_encoding", program) == f"FixLabels(change='{change}')"


def test_signed_targets_of_one_output_become_zero_and_one(on_digits: Digits) -> None:
    program = partial(
        on_digits,
        lambda: nn.Sequential(nn.Linear(64, 1), nn.Flatten(0)),
        loss_fn=nn.BCEWithLogitsLoss(),
        targets=lambda y: (y > 4).float() * 2 - 1,
    )
    assert first("label_encoding", program) == "FixLabels(change='zero_one')"


def test_raw_values_are_standardized(on_digits: Digits) -> None:
    program = partial(
        on_digits,
        lambda: nn.Linear(64, 1),
        loss_fn=nn.MSELoss(),
        targets=lambda y: 1000 * y.float()[:, None] + 5000,
    )
    assert first("label_encoding", program) == "FixLabels(change='standardized')"


def test_a_linear_network_gets_activations_and_others_better_ones(
    on_digits: Digits,
) -> None:
    def linear() -> nn.Module:
        return nn.Sequential(nn.Linear(64, 8), nn.Linear(8, 10))

    assert first("hidden_activation", partial(on_digits, linear)).startswith("InsertAct")
    assert first("hidden_activation", partial(on_digits, MODELS["normed"])).startswith(
        "SwapAct"
    )


def test_missing_parameters_are_added_and_frozen_ones_freed(on_digits: Digits) -> None:
    def last(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(list(parameters)[-1:], lr=0.1)

    assert (
        first("frozen_parameters", partial(on_digits, optimizer=last)) == "AddToOptimizer()"
    )

    def frozen() -> nn.Module:
        model = MODELS["mlp"]()
        model[0].requires_grad_(False)
        return model

    assert (
        first("frozen_parameters", partial(on_digits, frozen), "0")
        == "Unfreeze(layers=('0',))"
    )


def test_the_rate_of_the_sweep_comes_first(on_digits: Digits) -> None:
    class Point:
        lr = 0.0123456

    class Sweep:
        best = Point()

    evidence = evidence_of(on_digits)
    evidence.sweep = Sweep()
    for cause in ("lr_high", "lr_low"):
        assert repr(propose(found(cause), evidence)[0]).startswith(
            "SetLearningRate(lr=0.0123,"
        )


def test_a_rate_of_zero_gets_a_usual_one(on_digits: Digits) -> None:
    program = partial(on_digits, optimizer=lambda p: torch.optim.SGD(p, lr=0.0))
    proposed = propose(found("lr_low"), evidence_of(program))
    assert "SetLearningRate(lr=0.05, warmup_steps=0)" in map(repr, proposed)
    for cause in CAUSES:
        for remedy in propose(found(cause), evidence_of(program)):
            assert "lr=0.0," not in repr(remedy)


@pytest.mark.parametrize("name", public.__all__)
def test_snippets_of_whole_statements_are_python(name: str) -> None:
    kind = getattr(public, name)
    if name in ("Remedy", "Together"):
        pytest.skip("has no snippet of its own")
    given: dict[str, Any] = {
        "FixLabels": {"change": "flat"},
        "ReplaceLoss": {"name": "mse"},
        "ScaleLearningRate": {"factor": 0.1},
        "SetEpochs": {"epochs": 3},
        "SetLearningRate": {"lr": 0.1, "warmup_steps": 5},
    }.get(name, {})
    snippet = kind(**given).snippet()
    if snippet.rstrip().endswith(":"):
        snippet += " ..."
    assert snippet.strip()
    ast.parse(snippet.replace("return x", "x"))  # It raises where this is no Python.
