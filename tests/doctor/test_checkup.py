"""What a check-up says as a whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from headway.doctor.checkup import check_up
from headway.doctor.evidence import Budget
from headway.doctor.program import MakeProgram

Digits = Callable[..., MakeProgram]


def test_a_program_that_time_did_not_suffice_for_is_not_called_good(digits: Digits) -> None:
    diagnosis = check_up(digits(), Budget(1e-3)).diagnosis

    assert "could not be judged" in diagnosis.summary
    assert "--budget" in diagnosis.summary


def test_labels_that_nothing_tells_are_not_called_learned(digits: Digits) -> None:
    def make(seed: int) -> Any:
        program = digits(lr=1e-3, epochs=2)(seed)
        generator = torch.Generator().manual_seed(0)

        def at_random(inputs: Any, targets: Any) -> Any:
            return inputs, torch.randint(2, targets.shape, generator=generator)

        noise = program.train.mapped(at_random)
        return replace(program, train=noise, val=noise)

    summary = check_up(make, Budget(10)).diagnosis.summary

    assert not summary.startswith("The program learns")


def test_a_program_that_learns_is_told_what_it_compares_to(digits: Digits) -> None:
    diagnosis = check_up(digits(lr=0.3), Budget(20)).diagnosis

    assert diagnosis.is_healthy
    assert diagnosis.summary.startswith("The program learns: it reaches 0.9")


def test_a_rate_that_ends_early_is_the_first_thing_said(digits: Digits) -> None:
    def make(seed: int) -> Any:
        program = digits(lr=0.01)(seed)
        schedule = torch.optim.lr_scheduler.StepLR(program.optimizer, 1, 0.05)
        return replace(program, scheduler=schedule)

    first = check_up(make, Budget(20)).diagnosis.findings[0]

    assert (first.cause, first.check) == ("lr_low", "schedule")
