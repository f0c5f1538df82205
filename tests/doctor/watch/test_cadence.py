"""Of fast steps only some losses are kept, and samples take what is left of the time."""

from types import SimpleNamespace

import pytest
from torch import nn

from headway.doctor.watch import cadence, watch
from headway.doctor.watch.cadence import Cadence
from headway.doctor.watch.losses import LossCourse
from headway.doctor.watch.watcher import Watch

# What it takes to look at the clock: a sample and each look have a duration.
TICK = 2e-4


class Clock:
    """A clock that stands still until it is told that time has passed, or is looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(cadence, "time", SimpleNamespace(perf_counter=self.look))

    def look(self) -> float:
        self.now += TICK
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def steps(watched: Watch, clock: Clock, count: int, seconds: float, **forms: float) -> None:
    for _ in range(count):
        clock.now += seconds
        watched.step(forms.get("loss", 1.0))


def make_watch() -> Watch:
    return watch(nn.Linear(2, 1)).start()


def test_the_losses_of_slow_steps_are_all_kept(clock):
    watched = make_watch()
    steps(watched, clock, 5000, 1e-2)
    watched.close()
    assert watched.view.losses.count == 5000
    assert sum(watched.view.losses.blocks) / len(watched.view.losses.blocks) == 1.0


def test_of_fast_steps_stretches_are_kept_and_all_are_counted(clock, monkeypatch):
    kept: list[int] = []
    add = LossCourse.add

    def count(course: LossCourse, losses, *, skipped: int = 0) -> None:
        found = list(losses)
        kept.append(len(found))
        add(course, found, skipped=skipped)

    monkeypatch.setattr(LossCourse, "add", count)
    watched = make_watch()
    steps(watched, clock, 20_000, 1e-4)
    watched.close()
    assert 1000 < sum(kept) < 8000
    assert 20_000 - 512 <= watched.view.losses.count <= 20_000


def test_a_loss_that_is_lost_in_fast_steps_is_found(clock):
    watched = make_watch()
    steps(watched, clock, 10_000, 1e-4)
    steps(watched, clock, 4000, 1e-4, loss=float("nan"))
    watched.close()
    (alarm,) = [alarm for alarm in watched.alarms if alarm.kind == "lost"]
    assert alarm.step <= 13_500
    assert watched.view.losses.first_lost is not None
    assert 10_000 < watched.view.losses.first_lost <= 10_600


@pytest.mark.parametrize("seconds", [1e-4, 1e-2, 1.0])
def test_what_is_measured_stays_within_its_share(clock, seconds):
    decides = Cadence(None, 0.03)
    samples, spent, step, next_look = 0, 0.0, 0, 1
    while clock.now < 2000 * seconds or samples < 12:
        step += 1
        clock.now += seconds
        if step < next_look:
            continue
        if decides.is_due(step):
            decides.begin(step)
            samples += 1
            with decides.looking():
                clock.now += 2 * seconds
            spent += 2 * seconds if samples > 1 else 0.0
        next_look = decides.next_look(step)
    assert spent / clock.now < 0.03


def test_the_lowest_level_is_that_of_five_neighboring_blocks():
    course = LossCourse()
    course.add([5.0, 4.0, 3.0, 0.0])
    assert course.lowest != course.lowest
    course.add([3.0])
    assert course.lowest == 3.0
    course.add([float(n % 7) + 1 for n in range(2000)])
    windows = [sorted(course.blocks[n : n + 5])[2] for n in range(len(course.blocks) - 4)]
    assert course.lowest == min(windows)


def test_a_sample_that_the_system_interrupted_does_not_stop_the_others(clock):
    decides = Cadence(None, 0.03)
    begun: list[int] = []
    step, next_look = 0, 1
    while step < 20_000:
        step += 1
        clock.now += 0.01
        if step < next_look:
            continue
        if decides.is_due(step):
            decides.begin(step)
            begun.append(step)
            with decides.looking():
                clock.now += 50.0 if len(begun) == 7 else 0.01
        next_look = decides.next_look(step)
    usual = begun[6] - begun[5]
    assert begun[7] - begun[6] <= 2 * usual
    assert len(begun) > 20_000 / usual / 2
