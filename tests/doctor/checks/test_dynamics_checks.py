"""Checks of how a program learns: each fault has its cause, healthy programs have none."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from headway.doctor.checks.batch_size import check_batch_size
from headway.doctor.checks.capacity import check_capacity
from headway.doctor.checks.class_imbalance import check_class_imbalance
from headway.doctor.checks.epochs_few import check_epochs_few
from headway.doctor.checks.input_blind import check_input_blind
from headway.doctor.checks.lr_high import check_lr_high
from headway.doctor.checks.lr_low import check_lr_low
from headway.doctor.checks.noisy_labels import check_noisy_labels
from headway.doctor.checks.noisy_training import check_noisy_training
from headway.doctor.checks.oscillation import alternation, check_oscillation
from headway.doctor.checks.other_optimizer import check_other_optimizer
from headway.doctor.checks.overfit_one_batch import check_overfit_one_batch
from headway.doctor.checks.overfitting import check_overfitting
from headway.doctor.checks.schedule import check_schedule
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.program import MakeProgram, Program, usual_step
from headway.doctor.progress import progress

Digits = Callable[..., MakeProgram]
Measure = Callable[..., Evidence]

CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    check_batch_size,
    check_capacity,
    check_epochs_few,
    check_input_blind,
    check_lr_high,
    check_lr_low,
    check_noisy_training,
    check_oscillation,
    check_other_optimizer,
    check_overfit_one_batch,
    check_overfitting,
    check_schedule,
)


def found(evidence: Evidence) -> list[Finding]:
    """What all checks of this file find, without infos."""
    findings = [finding for check in CHECKS for finding in check(evidence)]
    return [finding for finding in findings if finding.severity != "info"]


def changed(make: MakeProgram, change: Callable[[Program], Program]) -> MakeProgram:
    return lambda seed: change(make(seed))


def in_batches_of(size: int) -> Callable[[Program], Program]:
    return lambda program: replace(program, train=replace(program.train, batch_size=size))


def with_adam(**settings: Any) -> Callable[[Program], Program]:
    def change(program: Program) -> Program:
        optimizer = torch.optim.Adam(program.model.parameters(), **settings)
        return replace(program, optimizer=optimizer)

    return change


def of_few_samples(program: Program) -> Program:
    inputs, targets = program.train.source
    few = replace(program.train, source=(inputs[:40], targets[:40]))
    return replace(program, train=few)


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0.3},
        {"lr": 0.3, "activation": nn.Tanh},
        {"lr": 0.3, "with_val": False},
        {"lr": 0.3, "activation": lambda: nn.Sequential(nn.ReLU(), nn.Dropout(0.3))},
        {"lr": 1.0, "activation": lambda: nn.Sequential(nn.BatchNorm1d(32), nn.ReLU())},
    ],
    ids=["relu", "tanh", "no validation", "dropout", "batch norm with a large rate"],
)
def test_a_healthy_program_has_no_finding(
    digits: Digits, measured: Measure, settings: dict[str, Any]
) -> None:
    assert found(measured(digits(**settings), "sweep", "overfit", "ablation")) == []


def test_a_healthy_program_of_adam_with_cosine_has_no_finding(
    digits: Digits, measured: Measure
) -> None:
    def change(program: Program) -> Program:
        program = with_adam(lr=3e-3)(program)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(program.optimizer, 8)
        return replace(program, scheduler=schedule)

    assert found(measured(changed(digits(), change), "sweep", "overfit")) == []


def test_a_low_rate_is_found_by_the_sweep(digits: Digits, measured: Measure) -> None:
    evidence = measured(changed(digits(epochs=4), with_adam(lr=1e-6)), "sweep")
    (finding,) = check_lr_low(evidence)
    assert finding.severity == "error"
    assert finding.confidence > 0.8


def test_a_high_rate_is_found_by_the_sweep(digits: Digits, measured: Measure) -> None:
    evidence = measured(changed(digits(epochs=4), with_adam(lr=1.0)), "sweep")
    (finding,) = check_lr_high(evidence)
    assert finding.severity == "error"
    assert finding.confidence > 0.8


@pytest.mark.slow
def test_a_usual_rate_is_a_less_likely_cause(digits: Digits, measured: Measure) -> None:
    # The network's start is at fault: a higher rate makes up for it.
    def faint(program: Program) -> Program:
        with torch.no_grad():
            for parameter in program.model.parameters():
                parameter.mul_(0.01)
        return replace(with_adam(lr=1e-3)(program), epochs=2)

    findings = [*check_lr_low(measured(changed(digits(), faint), "sweep"))]
    assert all(finding.confidence < 0.65 for finding in findings)


def test_a_loss_that_blew_up_is_a_high_rate_before_any_sweep(
    digits: Digits, measured: Measure
) -> None:
    make = digits(lr=1e6, loss_fn=lambda: exploding)
    assert [f.cause for f in check_lr_high(measured(make))] == ["lr_high"]


def exploding(outputs: Any, targets: Any) -> Any:
    one_hot = nn.functional.one_hot(targets, 10)
    return (outputs - one_hot).square().mean()


def test_plain_sgd_with_the_rate_of_adam_lacks_another_optimizer(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(digits(lr=1e-3, epochs=5), "sweep")
    (finding,) = check_other_optimizer(evidence)
    (rate,) = check_lr_low(evidence)
    assert finding.confidence > rate.confidence


def test_a_whole_data_set_in_a_batch_is_found(digits: Digits, measured: Measure) -> None:
    make = changed(digits(), in_batches_of(800))
    assert [f.cause for f in check_batch_size(measured(make))] == ["batch_size"]


def test_batches_of_one_are_found_where_nothing_is_learned(
    digits: Digits, measured: Measure
) -> None:
    make = changed(digits(lr=1.0, epochs=1), in_batches_of(1))
    assert [f.cause for f in check_batch_size(measured(make))] == ["batch_size"]


def test_batches_of_one_that_learn_are_fine(digits: Digits, measured: Measure) -> None:
    make = changed(digits(lr=0.05, epochs=2), in_batches_of(1))
    assert [*check_batch_size(measured(make))] == []


def test_a_single_epoch_is_too_few(digits: Digits, measured: Measure) -> None:
    findings = [*check_epochs_few(measured(digits(lr=0.1, epochs=1)))]
    assert [(f.cause, f.severity) for f in findings] == [("epochs_few", "error")]


def test_a_layer_of_one_unit_is_too_narrow(digits: Digits, measured: Measure) -> None:
    def squeeze(program: Program) -> Program:
        model = nn.Sequential(nn.Linear(64, 1), nn.ReLU(), nn.Linear(1, 10))
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        return replace(program, model=model, optimizer=optimizer)

    (finding,) = check_capacity(measured(changed(digits(), squeeze)))
    assert (finding.cause, finding.layer) == ("capacity", "0")


class Attending(nn.Module):
    """Rows of digits, weighed by scores that a layer of one unit gives, or only by them."""

    def __init__(self, *, keeps_rows: bool) -> None:
        super().__init__()
        self.rows, self.score, self.head = (
            nn.Linear(8, 16),
            nn.Linear(16, 1),
            nn.Linear(16 if keeps_rows else 8, 10),
        )
        self.keeps_rows = keeps_rows

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = self.rows(x.view(-1, 8, 8)).tanh()
        shares = self.score(rows).softmax(dim=1)
        return self.head((shares * rows).sum(dim=1) if self.keeps_rows else shares[..., 0])


@pytest.mark.parametrize("keeps_rows", [True, False])
def test_a_score_of_attention_is_no_bottleneck_unless_only_scores_go_on(
    digits: Digits, measured: Measure, keeps_rows: bool
) -> None:
    def attend(program: Program) -> Program:
        model = Attending(keeps_rows=keeps_rows)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
        return replace(program, model=model, optimizer=optimizer)

    found = check_capacity(measured(changed(digits(epochs=2), attend)))
    assert [f.layer for f in found if f.layer] == ([] if keeps_rows else ["score"])


def test_a_head_of_one_unit_before_its_slow_copy_is_no_bottleneck(
    digits: Digits, measured: Measure
) -> None:
    class WithCopy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 1))
            self.slow = copy.deepcopy(self.net).requires_grad_(False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)

    def even(program: Program) -> Program:
        model = WithCopy()
        optimizer = torch.optim.SGD(model.net.parameters(), lr=1e-5)
        data = program.train.mapped(lambda x, y: (x, (y % 2).float().unsqueeze(1)))
        loss_fn = nn.BCEWithLogitsLoss()
        return replace(
            program,
            model=model,
            optimizer=optimizer,
            train=data,
            val=data,
            loss_fn=loss_fn,
            epochs=2,
        )

    found = check_capacity(measured(changed(digits(), even)))
    assert [f for f in found if f.layer is not None] == []


def test_a_large_network_on_forty_samples_overfits(
    digits: Digits, measured: Measure
) -> None:
    def noisy(program: Program) -> Program:
        few = of_few_samples(program)
        inputs, targets = few.train.source
        some = torch.where(torch.arange(40) % 3 == 0, (targets + 1) % 10, targets)
        return replace(few, train=replace(few.train, source=(inputs, some)))

    findings = [*check_overfitting(measured(changed(digits(lr=0.3, epochs=300), noisy)))]
    assert [f.cause for f in findings] == ["overfitting"]


def test_a_network_without_noise_in_validation_does_not_overfit(
    digits: Digits, measured: Measure
) -> None:
    findings = [*check_overfitting(measured(digits(lr=0.3)))]
    assert [f for f in findings if f.severity != "info"] == []


def test_dropout_of_nearly_everything_is_noise_in_training(
    digits: Digits, measured: Measure
) -> None:
    def activation() -> nn.Module:
        return nn.Sequential(nn.ReLU(), nn.Dropout(0.9))

    evidence = measured(digits(lr=0.3, activation=activation))
    assert [f.cause for f in check_noisy_training(evidence)] == ["regularization"]


def test_outputs_that_a_large_rate_made_blind_are_found(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(digits(lr=100.0, epochs=2), "ablation")
    assert [f.cause for f in check_input_blind(evidence)] == ["lr_high"]


def test_outputs_that_were_blind_from_the_start_are_a_matter_of_initialization(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(digits(factor=1e-6, epochs=2), "ablation")
    assert [f.cause for f in check_input_blind(evidence)] == ["init"]


def test_a_batch_that_cannot_be_learned_is_said(digits: Digits, measured: Measure) -> None:
    def blind(program: Program) -> Program:
        zeroed = nn.Sequential(nn.Linear(64, 10))
        nn.init.zeros_(zeroed[0].weight)
        zeroed[0].weight.requires_grad_(False)
        optimizer = torch.optim.SGD(zeroed.parameters(), lr=0.1)
        return replace(program, model=zeroed, optimizer=optimizer)

    evidence = measured(changed(digits(epochs=2), blind), "overfit")
    assert [f.cause for f in check_overfit_one_batch(evidence)] == ["other"]


def test_alternating_losses_have_a_negative_correlation() -> None:
    assert alternation([1 + 0.5 * (-1) ** n for n in range(100)]) < -0.8


def test_falling_losses_have_none() -> None:
    assert alternation([0.99**n for n in range(100)]) > 0


def test_independent_noise_is_no_oscillation() -> None:
    noise = torch.randn(400, generator=torch.Generator().manual_seed(0)).tolist()
    assert alternation(noise) > -0.3


def falling(factor: float) -> Callable[[Program], Program]:
    """Multiply the rate by a factor after each epoch."""

    def change(program: Program) -> Program:
        schedule = torch.optim.lr_scheduler.StepLR(program.optimizer, 1, factor)
        return replace(program, scheduler=schedule)

    return change


def test_a_rate_that_is_gone_before_anything_is_learned_is_low(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(changed(digits(lr=0.01), falling(0.05)))
    (finding,) = check_schedule(evidence)
    assert (finding.cause, finding.severity) == ("lr_low", "error")
    assert "StepLR takes the learning rate from 0.01" in finding.evidence
    assert "125 of 200 updates" in finding.evidence


def test_a_rate_that_the_training_step_takes_away_is_found(
    digits: Digits, measured: Measure
) -> None:
    def change(program: Program) -> Program:
        schedule = torch.optim.lr_scheduler.ExponentialLR(program.optimizer, 0.7)

        def step(*parts: Any) -> Any:
            loss = usual_step(*parts)
            schedule.step()
            return loss

        return replace(program, step=step)

    evidence = measured(changed(digits(lr=0.01), change))
    (finding,) = check_schedule(evidence)
    assert (finding.cause, finding.severity) == ("lr_low", "error")
    assert "The training step takes the learning rate from" in finding.evidence


def test_a_rate_that_falls_to_a_hundredth_is_no_fault(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(changed(digits(lr=0.001), falling(0.6)))
    assert list(check_schedule(evidence)) == []


def test_a_rate_that_is_gone_after_all_was_learned_is_no_fault(
    digits: Digits, measured: Measure
) -> None:
    def change(program: Program) -> Program:
        schedule = torch.optim.lr_scheduler.MultiStepLR(program.optimizer, [5], 1e-4)
        return replace(with_adam(lr=0.01)(program), scheduler=schedule)

    make = changed(digits(lr=0.5), change)
    assert list(check_schedule(measured(make))) == []


def test_a_program_that_ends_below_a_linear_model_is_warned_of_its_few_epochs(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(digits(lr=0.2, epochs=1))
    (finding,) = check_epochs_few(evidence)
    assert finding.severity in ("warning", "error")


def test_a_training_set_learned_by_heart_is_a_warning_without_doubt(
    digits: Digits, measured: Measure
) -> None:
    def of_a_dozen(program: Program) -> Program:
        inputs, targets = program.train.source
        few = replace(program.train, source=(inputs[:12], targets[:12]))
        return replace(with_adam(lr=0.01)(program), train=few, epochs=40)

    (finding,) = check_overfitting(measured(changed(digits(), of_a_dozen)))
    assert finding.severity in ("warning", "error")
    assert "12 samples" in finding.evidence


def wrong_labels(program: Program) -> Program:
    inputs, targets = program.train.source
    generator = torch.Generator().manual_seed(0)
    is_wrong = torch.rand(len(targets), generator=generator) < 0.4
    other = torch.randint(10, targets.shape, generator=generator)
    noisy = replace(program.train, source=(inputs, torch.where(is_wrong, other, targets)))
    return replace(program, train=noisy)


def test_targets_that_the_network_rightly_contradicts_are_wrong(
    digits: Digits, measured: Measure
) -> None:
    (finding,) = check_noisy_labels(measured(changed(digits(lr=0.05), wrong_labels)))
    assert finding.cause == "bad_data"
    assert finding.severity != "info"


def test_wrong_targets_are_found_where_a_lower_rate_fits_fewer_of_them(
    digits: Digits, measured: Measure
) -> None:
    def mostly_wrong(program: Program) -> Program:
        inputs, targets = program.train.source
        generator = torch.Generator().manual_seed(0)
        is_wrong = torch.rand(len(targets), generator=generator) < 0.75
        other = torch.randint(10, targets.shape, generator=generator)
        wrong = torch.where(is_wrong, other, targets)
        noisy = replace(program.train, source=(inputs, wrong))
        return replace(with_adam(lr=0.02)(program), train=noisy)

    evidence = measured(changed(digits(epochs=30), mostly_wrong), "sweep")
    reached = progress(evidence)
    assert reached.is_poor
    assert reached.metric - reached.train_metric < 0.15
    (finding,) = check_noisy_labels(evidence)
    assert finding.severity == "error"


def test_samples_that_change_each_time_are_not_called_wrong(
    digits: Digits, measured: Measure
) -> None:
    def augmented(program: Program) -> Program:
        program = wrong_labels(program)
        inputs, targets = program.train.source
        train = replace(program.train, source=Jittered(inputs, targets))
        return replace(program, train=train)

    evidence = measured(changed(digits(lr=0.05), augmented))
    assert list(check_noisy_labels(evidence)) == []


class Jittered(torch.utils.data.Dataset[Any]):
    """Samples that are different each time."""

    def __init__(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        self.inputs, self.targets = inputs, targets

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, number: int) -> Any:
        x = self.inputs[number]
        return x + 0.01 * torch.randn(x.shape), self.targets[number]


def test_rare_classes_that_are_frequent_in_the_validation_data_are_found(
    digits: Digits, measured: Measure
) -> None:
    def rare(program: Program) -> Program:
        inputs, targets = program.train.source
        kept = (targets < 5) | (torch.arange(len(targets)) % 50 == 0)
        few = replace(program.train, source=(inputs[kept], targets[kept]))
        return replace(program, train=few)

    evidence = measured(changed(digits(), rare))
    assert progress(evidence).is_poor
    (finding,) = check_class_imbalance(evidence)
    # The frequent classes are recognized, so that nothing else is wrong.
    assert (finding.cause, finding.severity) == ("class_imbalance", "error")
    assert list(check_class_imbalance(measured(digits()))) == []


def test_a_rate_that_is_powers_of_ten_off_leaves_no_room_for_another_cause(
    digits: Digits, measured: Measure
) -> None:
    evidence = measured(changed(digits(epochs=4), with_adam(lr=1e-6)), "sweep")
    (finding,) = check_lr_low(evidence)
    # A usual suspect that wins everything has 0.85 at most.
    assert finding.confidence > 0.87


def test_what_has_not_learned_its_training_data_does_not_overfit(
    digits: Digits, measured: Measure
) -> None:
    # So few updates of so few samples get them a little of the way, and others not at all.
    make = changed(digits(lr=0.03, epochs=40), of_few_samples)
    evidence = measured(make)
    reached = progress(evidence)
    assert reached.is_poor
    assert 0.3 < reached.train_metric < 0.6
    assert list(check_overfitting(evidence)) == []
