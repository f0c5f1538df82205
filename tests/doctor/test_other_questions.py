"""Programs whose targets do not say what they learn are not held to them."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from headway.doctor.checks.bad_data import check_bad_data
from headway.doctor.checks.label_encoding import check_label_encoding
from headway.doctor.checks.overfitting import check_overfitting
from headway.doctor.evidence import Evidence
from headway.doctor.program import MakeProgram, Program
from headway.doctor.progress import progress

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]


def with_data(digits: Digits, change: Any, **others: Any) -> MakeProgram:
    """Return what makes a program with other inputs and targets."""

    def make(seed: int) -> Program:
        program = digits(**others)(seed)
        assert program.val is not None
        return replace(
            program, train=program.train.mapped(change), val=program.val.mapped(change)
        )

    return make


def bright(model: Any, optimizer: Any, loss_fn: Any, x: Tensor, _: Any) -> Tensor:
    """Learn which images are bright, whatever the targets are."""
    optimizer.zero_grad()
    loss = loss_fn(model(x), (x.sum(dim=1) > 20).long())
    loss.backward()
    optimizer.step()
    return loss.detach()


def constant(output: Tensor, target: Tensor) -> float:
    return 0.0


def test_a_step_that_makes_its_own_targets_is_not_judged_by_others(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(digits(step=bright, metric=constant, epochs=2))
    assert evidence.first_batch is not None
    assert not evidence.first_batch.reads_targets
    assert not progress(evidence).is_known


def apart(output: Tensor, _: Tensor) -> Tensor:
    """Tell the samples of a batch apart, whatever their targets are."""
    return functional.cross_entropy(output @ output.T, torch.arange(len(output)))


def numbered(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, torch.arange(len(y)) + 100


def test_targets_that_the_loss_never_reads_are_no_labels(
    digits: Digits, measured: Measure
) -> None:
    make = with_data(digits, numbered, loss_fn=lambda: apart, metric=constant, epochs=1)
    evidence = measured(make)
    assert evidence.task.kind == "unknown"
    assert not list(check_label_encoding(evidence))
    assert not progress(evidence).is_known


def of_none(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, torch.zeros_like(y)


def test_targets_that_nobody_reads_may_all_be_equal(
    digits: Digits, measured: Measure
) -> None:
    unread = with_data(digits, of_none, loss_fn=lambda: apart, metric=constant, epochs=1)
    assert not list(check_bad_data(measured(unread)))
    read = with_data(digits, of_none, metric=constant, epochs=1)
    assert [f.cause for f in check_bad_data(measured(read))] == ["bad_data"]


def test_a_usual_loss_reads_its_targets(digits: Digits, measured: Measure) -> None:
    assert measured(digits(metric=constant, epochs=1)).task.kind == "classes"


def by_order(output: Tensor, target: Tensor) -> Tensor:
    return functional.kl_div(output.log_softmax(-1), target.softmax(-1))


def as_values(x: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
    return x, x[:, 20:30]


def test_values_up_to_a_shift_are_not_judged_by_their_squares(
    digits: Digits, measured: Measure
) -> None:
    make = with_data(digits, as_values, loss_fn=lambda: by_order, metric=constant)
    assert not progress(measured(make)).is_known


def test_whoever_asks_for_accuracy_means_the_targets(
    digits: Digits, measured: Measure
) -> None:
    assert progress(measured(digits(step=bright, epochs=2))).is_poor


def test_a_usual_update_reads_targets(digits: Digits, measured: Measure) -> None:
    evidence = measured(digits(epochs=1))
    assert evidence.first_batch is not None
    assert evidence.first_batch.reads_targets


def large(x: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
    return x, (8 * (x[:, 20:30] - 0.4)).exp()


def of_logarithm(output: Tensor, target: Tensor) -> Tensor:
    return (output - target.log()).square().mean()


def r2_of_logarithm(output: Tensor, target: Tensor) -> float:
    wanted = target.log()
    return float(1 - (output - wanted).square().mean() / wanted.var())


def test_a_metric_of_logarithms_speaks_for_a_program_that_learns_them(
    digits: Digits, measured: Measure
) -> None:
    make = with_data(digits, large, loss_fn=lambda: of_logarithm, metric=r2_of_logarithm)
    evidence = measured(make)
    assert evidence.course.last.val.metric > 0.5 > evidence.course.last.val.standard
    assert not progress(evidence).is_poor


def test_a_metric_of_logarithms_does_not_speak_for_one_that_does_not(
    digits: Digits, measured: Measure
) -> None:
    make = with_data(
        digits, large, loss_fn=lambda: of_logarithm, metric=r2_of_logarithm, lr=1e-7
    )
    evidence = measured(make)
    assert evidence.course.last.val.metric < 0.1


def rare(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, (y == 8).long()


def mean_recall(output: Tensor, target: Tensor) -> float:
    said = output.argmax(dim=1)
    return float(sum((said[target == t] == t).float().mean() for t in (0, 1)) / 2)


def two_classes(**others: Any) -> Any:
    weight = torch.tensor([1.0, 30.0])
    return {"loss_fn": lambda: nn.CrossEntropyLoss(weight), "metric": mean_recall} | others


def cut(digits: Digits, **others: Any) -> MakeProgram:
    """Return what makes a program that finds a rare class at the cost of accuracy."""
    make = with_data(digits, rare, **two_classes(**others))

    def with_two_outputs(seed: int) -> Program:
        program = make(seed)
        model = nn.Linear(64, 2)
        lr = program.optimizer.param_groups[0]["lr"]
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        return replace(program, model=model, optimizer=optimizer)

    return with_two_outputs


def test_mean_recall_speaks_for_a_program_that_accuracy_condemns(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(cut(digits, lr=0.2, epochs=6))
    last = evidence.course.last.val
    assert last.metric > 0.7
    assert last.standard < evidence.baselines.dumb
    assert not progress(evidence).is_poor


def test_mean_recall_does_not_speak_for_a_program_that_learns_nothing(
    digits: Digits, measured: Measure
) -> None:
    assert progress(measured(cut(digits, lr=1e-8))).is_poor


def test_what_accuracy_cannot_be_taken_of_is_not_known(
    digits: Digits, measured: Measure
) -> None:
    def pairs(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x, torch.stack([y, y % 2], dim=1)

    def loss_fn(output: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(output, target[:, 0])

    def first_accuracy(output: Tensor, target: Tensor) -> float:
        return float((output.argmax(dim=1) == target[:, 0]).float().mean())

    make = with_data(digits, pairs, loss_fn=lambda: loss_fn, metric=first_accuracy)
    evidence = measured(make)
    assert math.isnan(evidence.course.last.val.standard)
    assert not progress(evidence).is_poor


def test_weights_of_zero_do_not_hide_the_targets(digits: Digits, measured: Measure) -> None:
    def make(seed: int) -> Program:
        program = digits(epochs=1)(seed)
        for weight in program.model.parameters():
            nn.init.zeros_(weight)
        return program

    evidence = measured(make)
    assert evidence.first_batch is not None
    assert evidence.first_batch.reads_targets


def test_mean_recall_speaks_for_a_program_that_is_as_good_as_a_constant_answer(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(cut(digits, lr=0.2, epochs=6))
    dumb = evidence.course.last.val.standard + 0.005
    evidence.baselines = replace(evidence.baselines, dumb=dumb, learned={})
    assert evidence.course.last.val.metric > 0.7
    assert not progress(evidence).is_known
    # Where the metric says no more than accuracy, it stays with that.
    evidence.first_batch = replace(evidence.first_batch, metric=None)
    assert progress(evidence).is_known
    assert not progress(evidence).is_poor


def test_a_program_below_all_baselines_has_nothing_to_lose_again(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(cut(digits, lr=0.2, epochs=6))
    last = evidence.course.last
    worse = replace(last, val=replace(last.val, standard=0.3))
    worse = replace(worse, train=replace(last.train, standard=0.3))
    evidence.course.evaluations = [*evidence.course.evaluations, worse]
    evidence.baselines = replace(evidence.baselines, dumb=0.5, learned={})
    evidence.first_batch = replace(evidence.first_batch, metric=None)
    assert progress(evidence).is_known
    assert all(f.severity != "error" for f in check_overfitting(evidence))
