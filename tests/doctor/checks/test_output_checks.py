"""Checks of losses, heads, labels and shapes: each fault has its cause."""

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.checks.label_encoding import check_label_encoding
from headway.doctor.checks.loss_at_start import check_loss_at_start
from headway.doctor.checks.loss_mismatch import check_loss_mismatch
from headway.doctor.checks.loss_numerics import check_loss_numerics
from headway.doctor.checks.metric import check_metric
from headway.doctor.checks.output_activation import check_output_activation
from headway.doctor.checks.shape_broadcast import check_shape_broadcast
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.program import MakeProgram

from .healthy_programs import HEALTHY
from .small_programs import (
    Function,
    cancer,
    diabetes,
    digits,
    evidence_of,
    mlp,
    one_hot,
    program,
)

CE, MSE = nn.CrossEntropyLoss(), nn.MSELoss()
BCE, LOGITS = nn.BCELoss(), nn.BCEWithLogitsLoss()
SGD = torch.optim.SGD
CHECKS = (
    check_label_encoding,
    check_shape_broadcast,
    check_loss_mismatch,
    check_output_activation,
    check_metric,
    check_loss_numerics,
    check_loss_at_start,
)


def findings(evidence: Evidence) -> list[Finding]:
    """All findings, errors and certain ones first."""
    found: Iterator[Finding] = (finding for check in CHECKS for finding in check(evidence))
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(found, key=lambda f: (order[f.severity], not f.is_certain, -f.confidence))


def targets(data, change):
    return data[0], change(data[1])


def hinge(outputs: Tensor, targets: Tensor) -> Tensor:
    return (1 - outputs * targets).clamp(min=0).mean()


def own_binary(outputs: Tensor, targets: Tensor) -> Tensor:
    outputs = outputs.clamp(1e-6, 1 - 1e-6)
    return -(targets * outputs.log() + (1 - targets) * (1 - outputs).log()).mean()


def own_step(model, optimizer, loss_fn, inputs, targets):
    optimizer.zero_grad()
    loss = loss_fn(model(inputs), targets)
    loss.backward()
    optimizer.step()
    return loss.detach()


def by_hand(n_in: int, n_out: int) -> nn.Module:
    """A sigmoid that someone wrote."""
    return Function(lambda m, x: 1 / (1 + torch.exp(-m[0](x))), mlp()(n_in, n_out))


def functional(n_in: int, n_out: int) -> nn.Module:
    return Function(lambda m, x: F.softmax(m[0](x), dim=-1), mlp()(n_in, n_out))


def over_samples(n_in: int, n_out: int) -> nn.Module:
    return Function(lambda m, x: F.log_softmax(m[0](x), dim=0), mlp()(n_in, n_out))


SIGNS = targets(cancer(), lambda y: y * 2 - 1)
FLAT = targets(diabetes(), lambda y: y[:, 0])
CERTAIN: dict[str, tuple[str, MakeProgram]] = {
    "softmax, CE": ("loss_mismatch", program(mlp(nn.Softmax(1)), CE, digits(), 10)),
    "functional softmax, CE": ("loss_mismatch", program(functional, CE, digits(), 10)),
    "softmax, CE in an own step": (
        "loss_mismatch",
        program(mlp(nn.Softmax(1)), CE, digits(), 10, step=own_step),
    ),
    "logits, NLL": ("loss_mismatch", program(mlp(), nn.NLLLoss(), digits(), 10)),
    "softmax, NLL": (
        "loss_mismatch",
        program(mlp(nn.Softmax(1)), nn.NLLLoss(), digits(), 10),
    ),
    "softmax, KL": (
        "loss_mismatch",
        program(mlp(nn.Softmax(1)), nn.KLDivLoss(reduction="sum"), one_hot(digits()), 10),
    ),
    "sigmoid, BCE of logits": (
        "loss_mismatch",
        program(mlp(nn.Sigmoid()), LOGITS, cancer(), 1),
    ),
    "own sigmoid, BCE of logits": ("loss_mismatch", program(by_hand, LOGITS, cancer(), 1)),
    "negative CE": (
        "loss_mismatch",
        program(mlp(), lambda o, t: -F.cross_entropy(o, t), digits(), 10),
    ),
    "negative error": (
        "loss_mismatch",
        program(mlp(), lambda o, t: -(o - t).square().mean(), diabetes(), 1),
    ),
    "CE of one output": (
        "loss_mismatch",
        program(mlp(), CE, targets(cancer(), lambda y: y[:, 0].long()), 1),
    ),
    "CE of values": (
        "loss_mismatch",
        program(mlp(), lambda o, t: F.cross_entropy(o[:, 0], t), FLAT, 1),
    ),
    "BCE of values": ("loss_mismatch", program(mlp(), LOGITS, diabetes(), 1)),
    "distance to ids": (
        "loss_mismatch",
        program(mlp(), lambda o, t: F.mse_loss(o, t[:, None].float()), digits(), 10),
    ),
    "CE of each sample": (
        "loss_mismatch",
        program(mlp(), nn.CrossEntropyLoss(reduction="none"), digits(), 10),
    ),
    "sigmoid, CE": ("output_activation", program(mlp(nn.Sigmoid()), CE, digits(), 10)),
    "tanh, CE": ("output_activation", program(mlp(nn.Tanh()), CE, digits(), 10)),
    "no sigmoid, BCE": ("output_activation", program(mlp(), BCE, cancer(), 1)),
    "ReLU, BCE of logits": (
        "output_activation",
        program(mlp(nn.ReLU()), LOGITS, cancer(), 1),
    ),
    "softmax over one": (
        "output_activation",
        program(mlp(nn.Softmax(1)), BCE, cancer(), 1),
    ),
    "softmax over samples": (
        "output_activation",
        program(over_samples, nn.NLLLoss(), digits(), 10),
    ),
    "ReLU, values": ("output_activation", program(mlp(nn.ReLU()), MSE, diabetes(), 1)),
    "sigmoid, values": (
        "output_activation",
        program(mlp(nn.Sigmoid()), MSE, diabetes(), 1),
    ),
    "tanh, values": (
        "output_activation",
        program(mlp(nn.Tanh()), nn.L1Loss(), diabetes(), 1),
    ),
    "softmax, values": (
        "output_activation",
        program(mlp(nn.Softmax(1)), MSE, diabetes(), 1),
    ),
    "column, flat": ("shape_broadcast", program(mlp(), MSE, FLAT, 1)),
    "flat, column": (
        "shape_broadcast",
        program(mlp(nn.Flatten(0)), nn.L1Loss(), diabetes(), 1),
    ),
    "column, flat by hand": (
        "shape_broadcast",
        program(mlp(), lambda o, t: (o - t).square().mean(), FLAT, 1),
    ),
    "column, flat in own BCE": (
        "shape_broadcast",
        program(mlp(nn.Sigmoid()), own_binary, targets(cancer(), lambda y: y[:, 0]), 1),
    ),
    "column, flat in BCE": (
        "shape_broadcast",
        program(mlp(), LOGITS, targets(cancer(), lambda y: y[:, 0]), 1),
    ),
    "three outputs, one value": ("shape_broadcast", program(mlp(), MSE, diabetes(), 3)),
    "ids from 1": (
        "label_encoding",
        program(mlp(), CE, targets(digits(), lambda y: y + 1), 10),
    ),
    "ids beyond": ("label_encoding", program(mlp(), CE, digits(), 8)),
    "float ids": (
        "label_encoding",
        program(mlp(), CE, targets(digits(), lambda y: y.float()), 10),
    ),
    "int32 ids": (
        "label_encoding",
        program(mlp(), CE, targets(digits(), lambda y: y.int()), 10),
    ),
    "column of ids": (
        "label_encoding",
        program(mlp(), CE, targets(digits(), lambda y: y[:, None]), 10),
    ),
    "whole one-hot": (
        "label_encoding",
        program(mlp(), CE, targets(digits(), F.one_hot), 10),
    ),
    "numbers of classes, BCE": (
        "loss_mismatch",
        program(mlp(nn.Sigmoid()), BCE, digits(), 10),
    ),
    "signs, BCE of logits": ("label_encoding", program(mlp(), LOGITS, SIGNS, 1)),
    "0 and 255, BCE": (
        "label_encoding",
        program(mlp(nn.Sigmoid()), BCE, targets(cancer(), lambda y: y * 255), 1),
    ),
    "bits, hinge": ("label_encoding", program(mlp(), hinge, cancer(), 1)),
    "bits, soft margin": (
        "label_encoding",
        program(mlp(), nn.SoftMarginLoss(), cancer(), 1),
    ),
    "log of zero": (
        "numerics",
        program(
            mlp(nn.ReLU()), lambda o, t: -o.log().gather(1, t[:, None]).mean(), digits(), 10
        ),
    ),
    "metric that cannot move": (
        "metric",
        program(mlp(), CE, digits(), 10, metric=lambda o, t: float((o == 99).any())),
    ),
    "metric of one answer in the whole batch": (
        "metric",
        program(
            mlp(), CE, digits(), 10, metric=lambda o, t: (o.argmax() == t).float().mean()
        ),
    ),
    "metric that is rounded down": (
        "metric",
        program(
            mlp(),
            CE,
            digits(),
            10,
            metric=lambda o, t: float(int((o.argmax(1) == t).float().mean())),
        ),
    ),
    "metric of scores against ids": (
        "metric",
        program(
            mlp(), CE, digits(), 10, metric=lambda o, t: (o.amax(1) == t).float().mean()
        ),
    ),
    "metric that is an error": (
        "metric",
        program(mlp(), MSE, diabetes(), 1, metric=lambda o, t: (o - t).square().mean()),
    ),
    "metric that broadcasts": (
        "metric",
        program(
            mlp(),
            lambda o, t: LOGITS(o[:, 0], t),
            targets(cancer(), lambda y: y[:, 0]),
            1,
            metric=lambda o, t: ((o > 0).float() == t).float().mean(),
        ),
    ),
    "metric that fails": (
        "metric",
        program(mlp(), CE, digits(), 10, metric=lambda o, t: (o.argmax(1) == t[:7]).sum()),
    ),
}


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("case", CERTAIN.values(), ids=CERTAIN)
def test_a_fault_is_certain_before_any_training(case):
    cause, make = case

    first = findings(evidence_of(make))[0]

    assert (first.cause, first.severity, first.is_certain) == (cause, "error", True)


SUSPECTED: dict[str, tuple[str, MakeProgram]] = {
    "ReLU, CE": (
        "output_activation",
        program(mlp(nn.ReLU()), CE, digits(), 10, optimizer=SGD, lr=0.01),
    ),
    "distance to one-hot": (
        "loss_mismatch",
        program(mlp(), MSE, one_hot(digits()), 10, optimizer=SGD),
    ),
    "distance to one-hot by hand": (
        "loss_mismatch",
        program(
            mlp(),
            lambda o, t: (o - t).square().mean(),
            one_hot(digits()),
            10,
            optimizer=SGD,
        ),
    ),
    "distance to ids of one output": (
        "loss_mismatch",
        program(
            mlp(),
            lambda o, t: F.mse_loss(o[:, 0], t.float()),
            digits(),
            1,
            metric="accuracy",
        ),
    ),
    "yes or no for each class": (
        "loss_mismatch",
        program(mlp(nn.Softmax(1)), BCE, one_hot(digits()), 10, optimizer=SGD),
    ),
    "sum over the batch": (
        "loss_mismatch",
        program(
            mlp(), nn.CrossEntropyLoss(reduction="sum"), digits(), 10, optimizer=SGD, lr=1.0
        ),
    ),
    "huge targets": (
        "label_encoding",
        program(mlp(), MSE, targets(diabetes(), lambda y: y * 1e3 + 5e3), 1),
    ),
    "too sure at the start": (
        "init",
        program(
            lambda a, b: Function(lambda m, x: m[0](x) * 300, mlp()(a, b)),
            CE,
            digits(),
            10,
            epochs=1,
            optimizer=SGD,
            lr=1e-6,
        ),
    ),
}


@pytest.mark.parametrize("case", SUSPECTED.values(), ids=SUSPECTED)
def test_a_weak_choice_is_an_error_where_nothing_is_learned(case):
    cause, make = case

    first = findings(evidence_of(make, is_trained=True))[0]

    assert (first.cause, first.severity) == (cause, "error")


def test_a_distance_to_one_hot_is_a_warning_where_it_learns():
    make = program(mlp(), MSE, one_hot(digits()), 10, epochs=15)

    first = findings(evidence_of(make, is_trained=True))[0]

    assert (first.cause, first.severity) == ("loss_mismatch", "warning")


def tissues() -> tuple[Tensor, Tensor]:
    """Noisy pictures whose corners show three kinds, which are numbered from 1."""
    mask = torch.zeros(64, 1, 16, 16)
    for n, spots in enumerate(torch.randperm(4) for _ in range(64)):
        for kind, spot in enumerate(spots[:3].tolist(), start=1):
            top, left = 8 * (spot // 2) + 1, 8 * (spot % 2) + 1
            mask[n, 0, top : top + 6, left : left + 6] = kind
    return mask + 0.1 * torch.randn(mask.shape), mask


def test_a_distance_to_numbers_of_kinds_is_a_warning_where_it_learns():
    torch.manual_seed(0)
    make = program(lambda *_: nn.Conv2d(1, 1, 1), MSE, tissues(), 1, lr=0.1, epochs=10)

    first = findings(evidence_of(make, is_trained=True))[0]

    assert (first.cause, first.severity) == ("loss_mismatch", "warning")
    assert first.is_certain


@pytest.mark.parametrize("make", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_found_before_the_training_of(make):
    assert findings(evidence_of(make)) == []


def test_the_layer_with_the_softmax_is_named():
    make = program(mlp(nn.Softmax(1)), CE, digits(), 10)

    assert findings(evidence_of(make))[0].layer == "3"


def test_ids_from_1_are_said_to_count_from_1():
    make = program(mlp(), CE, targets(digits(), lambda y: y + 1), 10)

    assert findings(evidence_of(make))[0].code == "target = target - 1"


HEALTHY_METRICS = {
    "best five": lambda o, t: (o.topk(5).indices == t[:, None]).any(1).float().mean(),
    "negative loss": lambda o, t: -float(F.cross_entropy(o, t)),
    "right answers": lambda o, t: int((o.argmax(1) == t).sum()),
    "worst class": lambda o, t: min(
        float((o.argmax(1) == t)[t == n].float().mean()) for n in t.unique()
    ),
    "recall of one class": lambda o, t: float(
        ((o.argmax(1) == 3) & (t == 3)).sum() / (t == 3).sum()
    ),
}


@pytest.mark.parametrize("metric", HEALTHY_METRICS.values(), ids=HEALTHY_METRICS)
def test_a_metric_of_another_kind_has_no_finding(metric):
    made = program(mlp(), CE, digits(), 10, metric=metric)

    assert list(check_metric(evidence_of(made))) == []


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (lambda o, t: (o.round() == t).float().mean(), ["metric"]),
        (lambda o, t: (o.sigmoid().round() == t).float().mean(), []),
        (lambda o, t: ((o > 0.5) == t).float().mean(), []),
    ],
    ids=["rounded logits", "rounded probabilities", "a high threshold"],
)
def test_a_metric_that_takes_logits_for_probabilities_is_named(metric, said):
    yes = targets(digits(), lambda y: (y % 2)[:, None].float())
    made = program(mlp(), F.binary_cross_entropy_with_logits, yes, 1, metric=metric)

    assert [finding.cause for finding in check_metric(evidence_of(made))] == said


def test_densities_are_not_meant_to_be_equal_to_what_they_are_of():
    def likelihood(log_p: Tensor, values: Tensor) -> Tensor:
        bins = ((values[:, 0] + 3) * 1.5).long().clamp(0, 9)
        return -log_p[torch.arange(len(bins)), bins].mean()

    inputs = torch.randn(200, 64, generator=torch.Generator().manual_seed(3))
    made = program(mlp(nn.LogSoftmax(1)), likelihood, (inputs, inputs[:, :1] * 2), 10)

    assert "output_activation" not in {f.cause for f in findings(evidence_of(made))}
