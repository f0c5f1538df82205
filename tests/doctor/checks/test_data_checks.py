"""Checks of the data: each fault has its cause, and no healthy program has any."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from headway.doctor.checks.bad_data import check_bad_data, check_independent_labels
from headway.doctor.checks.class_imbalance import check_class_imbalance
from headway.doctor.checks.input_scale import check_input_scale
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.program import MakeProgram
from headway.doctor.scoring import Scores

from .healthy_programs import HEALTHY
from .small_programs import diabetes, digits, evidence_of, mlp, program, standardized, wine

CE, MSE = nn.CrossEntropyLoss(), nn.MSELoss()
SGD = torch.optim.SGD
CHECKS = (
    check_bad_data,
    check_independent_labels,
    check_class_imbalance,
    check_input_scale,
)


def findings(evidence: Evidence) -> list[Finding]:
    found = [finding for check in CHECKS for finding in check(evidence)]
    return sorted(found, key=lambda f: (f.severity != "error", -f.confidence))


def with_nan(values: torch.Tensor) -> torch.Tensor:
    values = values.clone()
    values[3, 0] = math.nan
    return values


def shuffled(ids: torch.Tensor) -> torch.Tensor:
    return ids[torch.randperm(len(ids), generator=torch.Generator().manual_seed(0))]


X, Y = digits()
VAL = X[700:], Y[700:]
LEAKED = torch.cat([X[:100], VAL[0]]), torch.cat([Y[:100], VAL[1]])
GX, GY = diabetes()
WX, WY = wine()


def rare() -> tuple[torch.Tensor, torch.Tensor]:
    """Threes, and a few eights that look like them."""
    three, eight = X[Y == 3], X[Y == 8][:8]
    inputs = torch.cat([three, eight])
    ids = torch.cat([torch.zeros(len(three)), torch.ones(len(eight))]).long()
    order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(1))
    return inputs[order], ids[order]


# Cause, and whether it is certain: at once, after a training (None), or not at all.
CASES: dict[str, tuple[str, bool | None, MakeProgram]] = {
    "NaN in the inputs": ("bad_data", True, program(mlp(), CE, (with_nan(X), Y), 10)),
    "NaN in the targets": ("bad_data", True, program(mlp(), MSE, (GX, with_nan(GY)), 1)),
    "inputs that are all equal": ("bad_data", True, program(mlp(), CE, (X * 0, Y), 10)),
    "targets that are all equal": ("bad_data", True, program(mlp(), CE, (X, Y * 0), 10)),
    "validation data from training": (
        "bad_data",
        True,
        program(mlp(), CE, (X[:700], Y[:700]), 10, val=LEAKED),
    ),
    "training targets in another order": (
        "label_encoding",
        None,
        program(mlp(), CE, (X[:700], shuffled(Y[:700])), 10, val=VAL),
    ),
    "targets of chance": (
        "bad_data",
        None,
        program(mlp(), CE, (X[:300], shuffled(Y[:300])), 10, epochs=80),
    ),
    "pixels to 255": (
        "input_scale",
        False,
        program(mlp(), CE, (X * 255, Y), 10, optimizer=SGD, lr=0.1),
    ),
    "tiny inputs": (
        "input_scale",
        False,
        program(mlp(), CE, (X / 255, Y), 10, optimizer=SGD),
    ),
    "raw columns": ("input_scale", False, program(mlp(), CE, (WX, WY), 3, optimizer=SGD)),
    "a large offset": (
        "input_scale",
        False,
        program(mlp(), MSE, (GX + 1000, GY), 1, optimizer=SGD, lr=1e-4),
    ),
    "validation inputs of another scale": (
        "input_scale",
        True,
        program(mlp(), CE, (X[:700], Y[:700]), 10, val=(VAL[0] * 255, VAL[1])),
    ),
    "classes so rare that they are never said": (
        "class_imbalance",
        False,
        program(mlp(), CE, rare(), 2, optimizer=SGD, lr=0.01, epochs=5),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_of_the_data_is_an_error(case):
    cause, is_certain, make = case

    first = findings(evidence_of(make, is_trained=not is_certain))[0]

    assert (first.cause, first.severity) == (cause, "error")
    assert first.is_certain is (is_certain is not False)


def test_pixels_to_255_are_a_warning_where_they_are_learned():
    make = program(mlp(), CE, (X * 255, Y), 10, lr=0.001, epochs=25)

    first = findings(evidence_of(make, is_trained=True))[0]

    assert (first.cause, first.severity) == ("input_scale", "warning")


def test_a_column_of_mostly_small_and_some_huge_numbers_is_told_with_its_cure():
    heavy = standardized(WX.clone())
    numbers = torch.randn(len(WX), generator=torch.Generator().manual_seed(0))
    heavy[:, 3] = (3 * numbers).exp()
    make = program(mlp(), CE, (standardized(heavy), WY), 3)

    first = findings(evidence_of(make, is_trained=True))[0]

    assert (first.cause, first.severity) == ("input_scale", "warning")
    assert "asinh" in first.code


def test_standardized_columns_have_no_odd_scale():
    make = program(mlp(), CE, (standardized(WX), WY), 3)

    assert findings(evidence_of(make)) == []


def test_rows_of_bits_that_are_alike_by_nature_are_no_leak():
    bits = torch.randint(0, 2, (200, 6), generator=torch.Generator().manual_seed(0)).float()
    make = program(mlp(), CE, (bits, bits[:, 0].long()), 2)

    assert findings(evidence_of(make)) == []


def test_training_data_as_validation_data_is_no_leak():
    make = program(mlp(), CE, (X[:700], Y[:700]), 10, val=(X[:525], Y[:525]))

    assert findings(evidence_of(make)) == []


@pytest.mark.parametrize("make", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_found_in(make):
    assert findings(evidence_of(make, is_trained=True)) == []


def uneven(weight: torch.Tensor | None, *, pos_weight: float | None = None) -> MakeProgram:
    """Return a program in which class 1 has a fourth of the samples of class 0."""
    keep = torch.cat([(Y == 3).nonzero()[:, 0], (Y == 8).nonzero()[:20, 0]])
    keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(0))]
    x, y = X[keep], (Y[keep] == 8).long()
    if pos_weight is None:
        return program(mlp(), nn.CrossEntropyLoss(weight=weight), (x, y), 2)
    loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([pos_weight]))
    return program(mlp(), loss, (x, y.float().unsqueeze(1)), 1)


FAVORED = {
    "class weights": uneven(torch.tensor([0.8, 0.2])),
    "weight of yes": uneven(None, pos_weight=0.25),
}
FAIR = {
    "no weights": uneven(None),
    "weights for the rare": uneven(torch.tensor([0.2, 0.8])),
    "equal weights": uneven(torch.tensor([1.0, 1.0])),
    "a class without weight": uneven(torch.tensor([1.0, 0.0])),
    "weight of yes for the rare": uneven(None, pos_weight=4.0),
}


@pytest.mark.parametrize("make", FAVORED.values(), ids=FAVORED)
def test_weights_for_the_frequent_class_are_certain(make):
    (found,) = check_class_imbalance(evidence_of(make))

    assert (found.cause, found.is_certain) == ("class_imbalance", True)
    assert "grow with the frequency" in found.evidence


@pytest.mark.parametrize("make", FAIR.values(), ids=FAIR)
def test_weights_that_favor_no_frequent_class_are_fine(make):
    assert not list(check_class_imbalance(evidence_of(make)))


@pytest.mark.parametrize(("weight", "severity"), [(1.0, "warning"), (4.0, "info")])
def test_rare_classes_that_are_weighted_already_are_only_told(weight, severity):
    evidence = evidence_of(uneven(None, pos_weight=weight), is_trained=True)
    assert evidence.data is not None
    assert evidence.course is not None
    evidence.data = replace(evidence.data, class_counts={0: 700, 1: 20})
    scores = Scores(loss=0.1, metric=0.96, standard=0.96, macro=0.75)
    last = replace(evidence.course.last, train=scores, val=scores)
    evidence.course = replace(evidence.course, evaluations=[last])
    assert [f.severity for f in check_class_imbalance(evidence)] == [severity]


def test_classes_that_are_hard_alike_are_no_imbalance():
    """Half of what is learned of all is learned of rare classes, and the rest of none."""
    evidence = evidence_of(program(mlp(), CE, (X, Y), 10), is_trained=True)
    assert evidence.data is not None
    assert evidence.baselines is not None
    assert evidence.course is not None
    counts = dict.fromkeys(range(9), 10) | {9: 300}
    evidence.data = replace(evidence.data, class_counts=counts)
    evidence.baselines = replace(evidence.baselines, dumb=0.16, learned={"linear": 0.16})

    def found(standard: float, macro: float) -> list[Finding]:
        scores = Scores(loss=1.0, metric=standard, standard=standard, macro=macro)
        last = replace(evidence.course.last, train=scores, val=scores)
        evidence.course = replace(evidence.course, evaluations=[last])
        return [f for f in check_class_imbalance(evidence) if f.severity == "error"]

    assert not found(0.40, 0.24)
    assert found(0.40, 0.12)


def rare_yes(standard: float, macro: float) -> Evidence:
    """Return what is known of three in a hundred that say yes and are seldom found."""
    evidence = evidence_of(program(mlp(), CE, (X, (Y == 8).long()), 2), is_trained=True)
    assert evidence.data is not None
    assert evidence.baselines is not None
    assert evidence.course is not None
    evidence.data = replace(
        evidence.data, class_counts={0: 970, 1: 60}, train_tells=2.0, val_tells=2.0
    )
    learned = {"linear": 0.97}
    evidence.baselines = replace(evidence.baselines, dumb=0.97, learned=learned)
    scores = Scores(loss=0.1, metric=standard, standard=standard, macro=macro)
    last = replace(evidence.course.last, train=scores, val=scores)
    evidence.course = replace(evidence.course, evaluations=[last])
    return evidence


def test_accuracy_that_a_constant_answer_fills_does_not_say_that_all_is_learned_alike():
    (found,) = check_class_imbalance(rare_yes(0.968, 0.56))
    assert (found.cause, found.severity) == ("class_imbalance", "error")


def test_accuracy_that_a_constant_answer_fills_says_nothing_of_the_targets():
    assert list(check_independent_labels(rare_yes(0.968, 0.56))) == []


@pytest.mark.parametrize(("rare", "count"), [(9, 1), (200, 0)], ids=["digits", "words"])
def test_rare_ones_among_many_classes_are_no_imbalance(rare, count):
    evidence = evidence_of(program(mlp(), CE, (X, Y), 10), is_trained=True)
    counts = dict.fromkeys(range(rare), 10) | {rare: 3000}
    evidence.data = replace(evidence.data, class_counts=counts)
    scores = Scores(loss=1.0, metric=0.3, standard=0.3, macro=0.01)
    last = replace(evidence.course.last, train=scores, val=scores)
    evidence.course = replace(evidence.course, evaluations=[last])
    assert len(list(check_class_imbalance(evidence))) == count


@pytest.mark.parametrize(
    ("rare", "severities"),
    [(10, ["error"]), (300, [])],
    ids=["rare in training", "not rare"],
)
def test_a_constant_answer_that_is_right_in_training_alone_is_an_imbalance(
    rare: int, severities: list[str]
):
    evidence = evidence_of(program(mlp(), CE, (X, (Y == 8).long()), 2), is_trained=True)
    assert evidence.data is not None
    assert evidence.baselines is not None
    assert evidence.course is not None
    evidence.data = replace(evidence.data, class_counts={0: 700, 1: rare})
    evidence.baselines = replace(evidence.baselines, dumb=0.5, learned={"linear": 0.75})
    scores = Scores(loss=1.0, metric=0.5, standard=0.5, macro=0.5, recalls=(1.0, 0.0))
    last = replace(evidence.course.last, val=scores)
    evidence.course = replace(evidence.course, evaluations=[last])
    assert [f.severity for f in check_class_imbalance(evidence)] == severities
