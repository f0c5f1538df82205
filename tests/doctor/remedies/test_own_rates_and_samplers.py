"""Programs whose own update sets the rate, or whose sampler decides what an epoch is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from headway.doctor.examples import BatchStream, Examples
from headway.doctor.program import Program, usual_step
from headway.doctor.remedies import (
    ScaleLearningRate,
    SetBatchSize,
    SetLearningRate,
    SetOptimizer,
    SetSchedule,
    Shuffle,
    Together,
)
from headway.doctor.remedies.own_rates import writes_rates
from headway.doctor.training import train
from headway.errors import RemedyDoesNotFit

Digits = Callable[..., Program]


def set_rate(optimizer: Any, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def falling(first: float = 1e-4) -> Any:
    """Return a step that writes a rate which halves with each update."""
    done = [0]

    def step(model: Any, optimizer: Any, loss_fn: Any, inputs: Any, targets: Any) -> Any:
        set_rate(optimizer, first * 0.5 ** done[0])
        done[0] += 1
        return usual_step(model, optimizer, loss_fn, inputs, targets)

    return step


def halving(*batch: Any) -> Any:
    """Do an update and then halve the rate that there is."""
    loss = usual_step(*batch)
    for group in batch[1].param_groups:
        group["lr"] = group["lr"] * 0.5
    return loss


class Scheduled:
    """A step with a scheduler of its own."""

    def __init__(self, optimizer: Any) -> None:
        self.scheduler = LambdaLR(optimizer, lambda done: 0.5**done)

    def __call__(self, *batch: Any) -> Any:
        loss = usual_step(*batch)
        self.scheduler.step()
        return loss


def moves(program: Program) -> list[float]:
    """Return the rates of the first updates as the optimizer sees them."""
    seen: list[float] = []
    hook = program.optimizer.register_step_pre_hook(
        lambda optimizer, *_: seen.append(optimizer.param_groups[0]["lr"])
    )
    train(program, max_steps=3, evaluations=1)
    hook.remove()
    return seen


def plain(parameters: Any) -> Any:
    return torch.optim.SGD(parameters, lr=0.1)


def scheduled(on_digits: Digits) -> Program:
    program = on_digits(optimizer=plain)
    return on_digits(
        lambda: program.model,
        optimizer=lambda _: program.optimizer,
        step=Scheduled(program.optimizer),
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda d: d(optimizer=plain, step=falling()),
        lambda d: d(optimizer=plain, step=halving),
    ],
    ids=["written", "halved"],
)
@pytest.mark.parametrize(
    "remedy",
    [
        SetLearningRate(0.8),
        SetOptimizer("sgd", 0.8),
        Together((SetLearningRate(3.0), SetLearningRate(0.8))),
        Together((SetLearningRate(3.0), SetOptimizer("sgd", 0.8))),
    ],
    ids=["rate", "optimizer", "twice", "both"],
)
def test_a_rate_that_the_step_writes_is_led_by_the_new_one(
    on_digits: Digits, make: Any, remedy: Any
) -> None:
    assert moves(remedy.apply(make(on_digits))) == pytest.approx([0.8, 0.4, 0.2])


def test_a_scheduler_inside_the_step_is_led_too(on_digits: Digits) -> None:
    program = SetLearningRate(0.8).apply(scheduled(on_digits))
    assert moves(program) == pytest.approx([0.8, 0.4, 0.2])


def test_rates_that_the_step_writes_are_scaled(on_digits: Digits) -> None:
    for step, first in ((falling(), 1e-4), (halving, 0.1)):
        program = ScaleLearningRate(10.0).apply(on_digits(optimizer=plain, step=step))
        rates = [first * factor for factor in (10, 5, 2.5)]
        assert moves(program) == pytest.approx(rates)


def test_a_rate_is_held_at_what_it_was_led_to(on_digits: Digits) -> None:
    remedy = Together((SetLearningRate(0.8), SetSchedule("constant")))
    program = remedy.apply(on_digits(optimizer=plain, step=halving))

    assert moves(program) == pytest.approx([0.8, 0.8, 0.8])


def test_a_step_that_leaves_rates_alone_writes_none() -> None:
    def reading(*batch: Any) -> Any:
        rate = batch[1].param_groups[0]["lr"]
        return usual_step(*batch) * rate

    assert writes_rates(falling())
    assert writes_rates(halving)
    assert not writes_rates(reading)
    assert not writes_rates(usual_step)
    assert not writes_rates(None)


class Some(Sampler[int]):
    """The first samples, in their order."""

    def __iter__(self) -> Any:
        return iter(range(90))

    def __len__(self) -> int:
        return 90


SAMPLERS: dict[str, Callable[[Any], Any]] = {
    "replaced": lambda data: RandomSampler(data, replacement=True, num_samples=90),
    "fewer": lambda data: RandomSampler(data, num_samples=90),
    "weighted": lambda data: WeightedRandomSampler([1.0] * 90 + [0.0] * 510, 90),
    "subset": lambda data: SubsetRandomSampler(range(90)),
    "own": lambda data: Some(),
}


def sampled(on_digits: Digits, name: str) -> Program:
    data = TensorDataset(*on_digits().train.source)
    loader = DataLoader(data, batch_size=45, sampler=SAMPLERS[name](data))
    return on_digits(train=Examples(source=loader))


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_epoch_keeps_its_samples_when_its_batches_change(
    on_digits: Digits, name: str
) -> None:
    program = sampled(on_digits, name)
    changed = SetBatchSize(20).apply(program).train
    batches = list(changed.batches())

    assert [len(y) for _, y in batches] == [20, 20, 20, 20, 10]
    assert changed.num_batches == 5
    if name in ("weighted", "subset", "own"):
        known = {row.numpy().tobytes() for row in program.train.source.dataset[:90][0]}
        assert all(row.numpy().tobytes() in known for x, _ in batches for row in x)


@pytest.mark.parametrize("name", ["replaced", "weighted", "subset"])
def test_samplers_that_draw_are_shuffled_already(on_digits: Digits, name: str) -> None:
    with pytest.raises(RemedyDoesNotFit, match="in a new order already"):
        Shuffle().apply(sampled(on_digits, name))


def test_only_what_a_sampler_chooses_is_shuffled(on_digits: Digits) -> None:
    changed = Shuffle().apply(sampled(on_digits, "own")).train
    orders = [torch.cat([x for x, _ in changed.batches()]) for _ in range(2)]

    assert len(orders[0]) == 90
    assert not torch.equal(*orders)


def test_ready_made_batches_are_not_taken_for_samples(on_digits: Digits) -> None:
    x, y = on_digits().train.source
    ready = list(zip(x.split(100), y.split(100), strict=True))
    train = Examples(source=BatchStream(DataLoader(ready, batch_size=None)))

    for remedy in (SetBatchSize(20), Shuffle()):
        with pytest.raises(RemedyDoesNotFit, match="ready-made batches"):
            remedy.apply(on_digits(train=train))
