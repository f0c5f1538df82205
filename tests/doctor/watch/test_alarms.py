"""Faulty trainings raise the alarm that says why; healthy ones raise none."""

import logging
import math
from collections.abc import Iterable

import pytest
import torch
from torch import nn

from headway.doctor.finding import Finding
from headway.doctor.watch import Alarm, View, Watch, watch
from headway.doctor.watch.alarms import Keeper


def told(losses: Iterable[float]) -> list[str]:
    """Return the alarms about losses alone, "-" for one that is over."""
    said: list[str] = []
    watched = Watch(
        nn.Linear(1, 1),
        every=10,
        on_alarm=lambda alarm: said.append("-" * alarm.is_over + alarm.kind),
    )
    with watched:
        for loss in losses:
            watched.step(loss)
    return said


def noise(count: int, *, seed: int = 0, scale: float = 0.1) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(count, generator=generator)).tolist()


def train(
    model: nn.Module,
    *,
    lr: float = 0.1,
    steps: int = 150,
    optimizer: type[torch.optim.Optimizer] = torch.optim.SGD,
) -> Watch:
    """Train on a task that a small network can do, with a look at every fifth step."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(256, 10, generator=generator)
    y = (x[:, 0] > 0).long()
    made = optimizer(model.parameters(), lr=lr)  # pyright: ignore[reportCallIssue]
    with watch(model, made, every=5) as watched:
        for _ in range(steps):
            chosen = torch.randint(256, (64,), generator=generator)
            made.zero_grad()
            loss = nn.functional.cross_entropy(model(x[chosen]), y[chosen])
            loss.backward()
            made.step()
            watched.step(loss)
    return watched


def network(activation: type[nn.Module] = nn.ReLU, depth: int = 3) -> nn.Sequential:
    torch.manual_seed(0)
    hidden = [part for _ in range(depth) for part in (nn.Linear(20, 20), activation())]
    return nn.Sequential(nn.Linear(10, 20), activation(), *hidden, nn.Linear(20, 2))


def kinds(watched: Watch) -> list[str]:
    return [alarm.kind for alarm in watched.alarms if not alarm.is_over]


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU])
def test_a_healthy_training_is_silent(activation: type[nn.Module]) -> None:
    watched = train(network(activation))
    assert watched.alarms == []
    assert watched.view.num_samples == 30


def test_a_healthy_training_at_a_large_rate_is_silent() -> None:
    assert train(network(), lr=0.5).alarms == []


def test_units_that_are_off_are_told() -> None:
    model = network()
    nn.init.constant_(model[2].bias, -100.0)
    watched = train(model)
    assert kinds(watched) == ["dead"]
    (finding,) = watched.findings
    assert (finding.cause, finding.layer) == ("dead_units", "3")
    assert finding.evidence.startswith("100% of the units of 3 are off for every sample")


def test_units_that_a_large_step_has_thrown_off_are_a_large_rate() -> None:
    watched = train(network(), lr=1.0, optimizer=torch.optim.Adam)
    assert "dead" in kinds(watched)
    assert {finding.cause for finding in watched.findings} == {"lr_high"}


def test_saturated_units_are_told() -> None:
    model = network(nn.Tanh)
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                layer.weight *= 100.0
        model[-1].weight /= 1e4
    watched = train(model, lr=1e-4)
    assert "saturated" in kinds(watched)
    assert "tanh is flat" in " ".join(finding.evidence for finding in watched.findings)


def test_gradients_that_vanish_in_sigmoids_are_told() -> None:
    watched = train(network(nn.Sigmoid, depth=8))
    assert "vanishing" in kinds(watched)
    found = next(f for f in watched.findings if f.cause == "vanishing_gradient")
    assert found.layer in ("0", "2", "4")


def test_gradients_that_explode_are_told() -> None:
    model = network(depth=8)
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                layer.weight *= 10.0
    watched = train(model, lr=1e-12)
    assert "exploding" in kinds(watched)


def test_updates_that_change_nothing_are_told() -> None:
    watched = train(network(), lr=1e-6)
    assert kinds(watched) == ["plateau"]
    assert watched.findings[0].cause == "lr_low"


def test_a_loss_that_stays_is_told() -> None:
    assert told(2.3 + e for e in noise(600)) == ["plateau"]


def test_a_loss_that_falls_and_then_stays_is_not() -> None:
    assert told(max(0.4, 2.3 - n / 200) + e for n, e in enumerate(noise(2000))) == []


def test_a_loss_that_alternates_is_told() -> None:
    assert told(2.3 + 0.5 * (-1) ** n + e for n, e in enumerate(noise(160))) == [
        "oscillating"
    ]


def test_an_alternating_loss_that_has_come_down_is_not() -> None:
    assert told(2.3 / (1 + n / 30) * (1 + 0.3 * (-1) ** n) for n in range(1000)) == []


def test_a_rising_loss_is_told_before_it_is_lost() -> None:
    rising = [1.0 + e for e in noise(100)] + [1.05**n for n in range(120)] + [math.nan] * 20
    assert told(rising) == ["diverging", "lost"]


def test_a_spike_is_not_told() -> None:
    losses = [1.0 / (1 + n / 50) for n in range(400)]
    losses[200:208] = [9.0] * 8
    assert told(losses) == []


def test_an_alarm_is_said_once_and_taken_back() -> None:
    stuck = [2.3 + e for e in noise(600)]
    learns = [2.3 * 0.99**n for n in range(600)]
    assert told(stuck + learns) == ["plateau", "-plateau"]


def test_a_reason_has_to_hold_on() -> None:
    finding = Finding(
        cause="other", severity="warning", confidence=0.5, evidence="", remedy=""
    )
    reasons = iter([finding, finding, None, finding, finding, finding, None, None, None])
    keeper = Keeper(kind="plateau", rule=lambda _: next(reasons))
    alarms = [keeper.judge(View(step=step)) for step in range(9)]
    assert [step for step, alarm in enumerate(alarms) if alarm is not None] == [5, 8]
    assert (alarms[5], alarms[5] and alarms[5].ended) == (alarms[8], 8)


def test_lost_losses_that_come_back_are_over() -> None:
    losses = [1 / n for n in range(1, 40)]
    assert told([*losses, math.nan, *losses]) == ["lost", "-lost"]


def evaluated(pairs: Iterable[tuple[float, float]]) -> list[Alarm]:
    watched = watch(nn.Linear(1, 1), every=10)
    with watched:
        for train_loss, val_loss in pairs:
            for _ in range(20):
                watched.step(train_loss)
            watched.evaluation(train=train_loss, val=val_loss)
    return watched.alarms


def test_overfitting_is_told_by_its_numbers() -> None:
    (alarm,) = evaluated(
        zip((2.0, 1.0, 0.5, 0.2, 0.1, 0.05), (2.0, 1.2, 1.3, 1.5, 1.8, 2.2), strict=True)
    )
    assert alarm.finding.severity == "warning"
    assert "rises from 1.2 (step 40) to 1.8" in alarm.finding.evidence or (
        "to 1.5" in alarm.finding.evidence
    )


def test_a_noisy_validation_loss_is_not_overfitting() -> None:
    pairs = zip((2.0, 1.0, 0.5, 0.4, 0.3), (2.0, 1.1, 1.2, 1.0, 1.1), strict=True)
    assert evaluated(pairs) == []


def test_training_data_that_is_worse_in_evaluation_mode_is_told() -> None:
    watched = watch(nn.Linear(1, 1), every=10)
    with watched:
        for _ in range(2):
            for _ in range(50):
                watched.step(0.3)
            watched.evaluation(train=2.3)
    assert [alarm.kind for alarm in watched.alarms] == ["train_eval_gap"]


def test_an_alarm_is_logged_in_plain_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="headway.watch")
    with watch(nn.Linear(1, 1), every=10) as watched:
        for loss in [1.0, 0.9, math.inf, math.inf]:
            watched.step(loss)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("step 4: lost. The loss of step 3 is not finite")
    assert record.getMessage() in watched.report()
