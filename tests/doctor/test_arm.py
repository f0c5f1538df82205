import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from headway.doctor.arm import run_arm, treat, treated
from headway.doctor.finding import Cause
from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.rates import ScaleLearningRate, SetLearningRate
from headway.errors import RemedyDoesNotFit

MakeMake = Callable[..., MakeProgram]


@dataclass(frozen=True)
class Raises:
    """A remedy that does not fit, or that breaks."""

    cause: ClassVar[Cause] = "other"
    error: type[Exception]

    def apply(self, program: Program) -> Program:
        raise self.error("no")

    def describe(self) -> str:
        return "Break."

    def snippet(self) -> str:
        return ""


@dataclass(frozen=True)
class WithDropout:
    """A remedy that draws random numbers while training."""

    cause: ClassVar[Cause] = "regularization"
    seen: list[Any]

    def apply(self, program: Program) -> Program:
        model = nn.Sequential(nn.Dropout(0.5), program.model)
        return replace(program, model=model)

    def describe(self) -> str:
        return "Drop inputs."

    def snippet(self) -> str:
        return ""


@pytest.mark.parametrize("with_val", [True, False])
def test_equal_seeds_give_equal_results(digits: MakeMake, with_val: bool):
    from headway.doctor.held_back import with_validation

    make = with_validation(digits(with_val=with_val, epochs=1))
    first, second = run_arm(make, (), 3), run_arm(make, (), 3)
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


def test_other_seeds_give_other_results(digits: MakeMake):
    make = digits(epochs=1)
    assert run_arm(make, (), 1).loss != run_arm(make, (), 2).loss


def test_a_remedy_that_draws_does_not_shift_the_batches(digits: MakeMake):
    def batches(remedies: tuple[Any, ...]) -> list[torch.Tensor]:
        seen: list[torch.Tensor] = []

        def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> torch.Tensor:
            seen.append(y)
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run_arm(digits(epochs=2, step=step), remedies, 5)
        return seen

    plain, dropped = batches(()), batches((WithDropout(seen=[]),))
    assert len(plain) == 50
    assert all(torch.equal(a, b) for a, b in zip(plain, dropped, strict=True))


def test_the_value_is_the_metric_on_validation_data_after_the_last_update(digits: MakeMake):
    result = run_arm(digits(), (), 0)
    assert result.stop == "done"
    assert result.value > 0.85 > 0.3 > result.start
    assert result.steps == 200


def test_a_training_that_diverges_has_the_worst_value_of_its_course(digits: MakeMake):
    result = run_arm(digits(), (SetLearningRate(lr=1e20),), 0)
    assert result.stop == "diverged"
    assert result.value <= result.start < 0.3


def test_a_program_that_raises_is_a_result(digits: MakeMake):
    result = run_arm(digits(loss_fn=nn.BCELoss), (), 0)
    assert result.stop == "error"
    assert "Error" in result.error


def test_what_raises_is_not_worth_what_its_untrained_network_is(digits: MakeMake):
    """A metric may praise the start of what cannot be trained at all."""
    result = run_arm(digits(loss_fn=nn.BCELoss, metric=lambda output, target: 0.9), (), 0)
    assert result.stop == "error"
    assert result.start == 0.9
    assert math.isnan(result.value)


def test_a_remedy_that_breaks_is_a_result(digits: MakeMake):
    result = run_arm(digits(), (Raises(KeyError),), 0)
    assert result.stop == "error"
    assert math.isnan(result.value)


def test_a_remedy_that_does_not_fit_says_so(digits: MakeMake):
    with pytest.raises(RemedyDoesNotFit):
        run_arm(digits(), (Raises(RemedyDoesNotFit),), 0)


def test_a_broken_metric_gives_way_to_the_standard_one(digits: MakeMake):
    make = digits(metric=lambda output, target: 0.5)
    assert run_arm(make, (), 0).value == 0.5
    assert run_arm(make, (), 0, by_standard=True).value > 0.85


def test_a_metric_that_is_no_number_gives_way_to_the_standard_one(digits: MakeMake):
    make = digits(metric=lambda output, target: float("nan"))
    assert run_arm(make, (), 0).value > 0.85


def test_an_arm_may_do_a_share_of_its_updates(digits: MakeMake):
    result = run_arm(digits(), (), 0, fraction=0.25)
    assert (result.steps, result.stop, result.is_finished) == (50, "done", True)


def test_an_arm_that_runs_out_of_time_is_not_finished(digits: MakeMake):
    assert not run_arm(digits(), (), 0, max_seconds=1e-4).is_finished


def test_remedies_are_applied_in_order(digits: MakeMake):
    remedies = (SetLearningRate(lr=0.5), ScaleLearningRate(factor=0.1))
    for program in (treat(digits()(0), remedies), treated(digits(), remedies)(0)):
        assert program.optimizer.param_groups[0]["lr"] == pytest.approx(0.05)


def test_r2_far_below_zero_counts_as_minus_one(digits: MakeMake):
    make = digits(
        metric="r2",
        epochs=1,
        lr=1e-9,
        loss_fn=lambda: lambda output, target: (output.sum(-1) - target).square().mean(),
        head=lambda: _FarOff(),
    )
    assert run_arm(make, (), 0).value == -1.0


class _FarOff(nn.Module):
    """Answers 1000 whatever is asked."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(dim=-1, keepdim=True) + 1000
