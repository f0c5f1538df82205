"""A program is trained as its author would, and its course is kept."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from headway.doctor.program import MakeProgram, Program, usual_step
from headway.doctor.training import train

Digits = Callable[..., MakeProgram]


class Recording:
    """A step that remembers the sums of its batches."""

    def __init__(self) -> None:
        self.sums: list[float] = []

    def __call__(self, model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        self.sums.append(float(x.sum()))
        return usual_step(model, optimizer, loss_fn, x, y)


def failing(*_: Any) -> Tensor:
    raise ZeroDivisionError("by zero")


def test_equal_seeds_give_equal_courses(digits: Digits) -> None:
    courses = [train(digits(epochs=1)(3)) for _ in range(2)]
    assert courses[0].losses == courses[1].losses


def test_a_changed_program_sees_the_same_batches(digits: Digits) -> None:
    plain, noisy = Recording(), Recording()
    train(digits(epochs=2, step=plain)(0))
    train(digits(epochs=2, step=noisy, activation=lambda: nn.Dropout(0.5))(0))
    assert plain.sums == noisy.sums


def test_epochs_come_in_different_orders(digits: Digits) -> None:
    recorded = Recording()
    train(digits(epochs=2, step=recorded)(0))
    assert recorded.sums[:25] != recorded.sums[25:]


def test_a_program_ends_after_its_own_epochs(digits: Digits) -> None:
    course = train(digits(epochs=2)(0))
    assert (course.stop, course.steps, course.planned_steps) == ("done", 50, 50)


def test_evaluations_go_from_before_the_first_to_after_the_last_update(
    digits: Digits,
) -> None:
    course = train(digits(epochs=2)(0), evaluations=5)
    assert [e.step for e in course.evaluations] == [0, 10, 20, 30, 40, 50]


def test_steps_that_run_out_are_a_budget(digits: Digits) -> None:
    course = train(digits(epochs=2)(0), max_steps=7)
    assert (course.stop, course.steps, course.last.step) == ("budget", 7, 7)


def test_seconds_that_run_out_are_a_budget(digits: Digits) -> None:
    course = train(digits(epochs=10**6)(0), max_seconds=0.05)
    assert (course.stop, course.last.step) == ("budget", course.steps)


def test_a_program_cut_short_by_time_is_still_evaluated_on_its_way(digits: Digits) -> None:
    course = train(digits(epochs=10**6)(0), max_seconds=0.8, evaluations=4)
    # Before, after, and on its way: how often there depends on the machine.
    assert len(course.evaluations) >= 3


def test_a_loss_that_is_no_number_ends_the_training(digits: Digits) -> None:
    course = train(digits(factor=math.nan)(0))
    assert (course.stop, course.steps) == ("diverged", 1)


def test_an_exception_of_the_program_is_kept(digits: Digits) -> None:
    course = train(digits(step=failing)(0))
    assert (course.stop, type(course.error)) == ("error", ZeroDivisionError)


def test_a_program_without_batches_is_an_error(digits: Digits) -> None:
    program = digits()(0)
    empty = replace(program.train, source=[])
    course = train(replace(program, train=replace(empty, batch_size=1), epochs=1))
    assert course.stop == "error"


def test_a_scheduler_of_epochs_is_stepped_after_each(digits: Digits) -> None:
    program = digits(epochs=3)(0)
    scheduler = StepLR(program.optimizer, step_size=1, gamma=0.5)
    train(replace(program, scheduler=scheduler))
    assert program.optimizer.param_groups[0]["lr"] == pytest.approx(0.1 / 8)


def test_training_flags_stay_as_the_author_had_them(digits: Digits) -> None:
    program: Program = digits(epochs=1)(0)
    program.model.eval()
    train(program)
    assert not program.model.training


def test_losses_are_the_same_with_evaluations_and_without(digits: Digits) -> None:
    def make() -> Program:
        return digits(epochs=1, activation=lambda: nn.Dropout(0.5))(0)

    often, seldom = train(make(), evaluations=25), train(make(), evaluations=1)
    assert often.losses == seldom.losses


def test_a_model_that_is_evaluated_keeps_its_buffers(digits: Digits) -> None:
    program = digits(epochs=1, activation=lambda: nn.BatchNorm1d(32))(0)
    course = train(program, max_steps=2, evaluations=2)
    batches = program.model.get_buffer("1.num_batches_tracked")
    assert course.steps == int(torch.as_tensor(batches)) == 2
