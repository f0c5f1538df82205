"""Training from the first step to the last."""

import math

import pytest
import torch
from torch import nn

from headway.engine import Callback, EvaluationReport, Event, StepReport, Trainer
from headway.errors import DivergenceError


class Listener(Callback):
    def __init__(self) -> None:
        self.reports: list[StepReport] = []
        self.evaluations: list[EvaluationReport] = []
        self.events: list[Event] = []

    def on_report(self, report: StepReport) -> None:
        self.reports.append(report)

    def on_evaluation(self, report: EvaluationReport) -> None:
        self.evaluations.append(report)

    def on_event(self, event: Event) -> None:
        self.events.append(event)


def losses(setup) -> list[float]:
    listener = Listener()
    Trainer(setup, callbacks=[listener]).run()
    return [report.loss for report in listener.reports]


def test_a_small_set_is_learned(make_setup):
    setup = make_setup(epochs=20, lr=0.1)

    outcome = Trainer(setup).run()

    assert outcome.best_values["val/accuracy"] > 0.9


def test_the_same_seed_gives_the_same_losses(make_setup):
    assert losses(make_setup()) == losses(make_setup())


def test_reports_come_every_few_steps_and_at_the_end_of_each_epoch(make_setup):
    listener = Listener()

    Trainer(make_setup(epochs=2), callbacks=[listener]).run()

    assert [report.step for report in listener.reports] == [4, 6, 8, 12]


def test_a_report_carries_the_mean_loss_since_the_report_before(make_setup):
    listener, fine = Listener(), Listener()
    Trainer(make_setup(), callbacks=[listener]).run()
    Trainer(make_setup(report_every=1), callbacks=[fine]).run()

    first_four = [report.loss for report in fine.reports[:4]]

    assert listener.reports[0].loss == pytest.approx(sum(first_four) / 4, abs=1e-12)


def test_accumulation_leaves_the_loss_as_it_is_without_batch_norm_and_dropout(make_setup):
    def model():
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 4))

    whole = losses(make_setup(model=model()))
    in_parts = losses(make_setup(model=model(), accumulate=3))

    assert in_parts == pytest.approx(whole, abs=1e-5)


def test_clipping_bounds_the_update(make_setup):
    def distance(**training) -> float:
        setup = make_setup(epochs=1, max_steps=1, **training)
        before = [p.detach().clone() for p in setup.model.parameters()]
        Trainer(setup).run()
        pairs = zip(setup.model.parameters(), before, strict=True)
        return float(torch.stack([(p.detach() - b).norm() for p, b in pairs]).norm())

    assert distance(clip_norm=1e-3) < 1e-2 * distance()
    assert distance(clip_value=1e-6) < 1e-2 * distance()


def test_early_stopping_ends_the_training_and_says_so(make_setup):
    listener = Listener()
    setup = make_setup(epochs=50, lr=1e-9, patience=2)

    outcome = Trainer(setup, callbacks=[listener]).run()

    assert outcome.stopped_early
    assert [event.kind for event in listener.events].count("early_stop") == 1


def test_the_plateau_schedule_hears_of_evaluations(make_setup):
    setup = make_setup(epochs=6, lr=1e-9, schedule="plateau")

    Trainer(setup).run()

    assert setup.schedule.factor(100) < 1.0


def test_averaged_weights_are_evaluated_and_training_weights_kept(make_setup):
    listener = Listener()
    setup = make_setup(epochs=2, ema_decay=0.9)
    plain = make_setup(epochs=2)
    Trainer(setup, callbacks=[listener]).run()
    Trainer(plain).run()

    same = [
        torch.equal(a, b)
        for a, b in zip(setup.model.parameters(), plain.model.parameters(), strict=True)
    ]

    assert all(same)
    assert len(listener.evaluations) == 2


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_learns_too(make_setup, precision):
    setup = make_setup(epochs=20, lr=0.1, precision=precision)

    outcome = Trainer(setup).run()

    assert outcome.best_values["val/accuracy"] > 0.9


def test_divergence_names_step_loss_and_learning_rate(make_setup):
    setup = make_setup(epochs=20, lr=1e30)

    with pytest.raises(DivergenceError, match="training diverged at step") as caught:
        Trainer(setup).run()

    assert not math.isfinite(caught.value.loss)
    assert caught.value.lr > 1e28
    assert caught.value.step <= 8


def test_nan_inputs_are_named_as_the_cause(make_setup):
    class Poison(nn.Module):
        def forward(self, x):
            return x * math.nan

    model = nn.Sequential(Poison(), nn.Flatten(), nn.Linear(64, 4))

    with pytest.raises(DivergenceError, match="very first loss") as caught:
        Trainer(make_setup(model=model)).run()

    assert caught.value.step == 1


def test_an_error_in_the_users_module_is_passed_on_and_recorded(make_setup):
    class Broken(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError("mine")

    listener = Listener()
    setup = make_setup(model=nn.Sequential(nn.Linear(8, 8), Broken()))
    with pytest.raises(ZeroDivisionError):
        Trainer(setup, callbacks=[listener]).run()

    assert listener.events[-1].kind == "failed"
