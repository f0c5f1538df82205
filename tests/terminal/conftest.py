"""Facts of a run on the digits, and consoles that remember what they show."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from headway.data import DataInfo
from headway.engine import EvaluationReport, Machine, Precision, StepReport
from headway.engine.reports import Outcome
from headway.recipe import Recipe, resolve_recipe
from headway.terminal import EndFacts, StartFacts

DIGITS = DataInfo(
    name="digits",
    kind="image",
    input_shape=(1, 8, 8),
    dtype="uint8",
    task="classification",
    classes=tuple("0123456789"),
    num_train=1280,
    num_val=143,
    num_test=360,
)
LAST = {
    "val/loss": 0.0413,
    "val/accuracy": 0.986,
    "train_eval/loss": 0.0007,
    "train_eval/accuracy": 1.0,
}
BEST = {"val/loss": 0.0322, "val/accuracy": 0.993}


@pytest.fixture
def start_facts() -> StartFacts:
    recipe = resolve_recipe(Recipe(), DIGITS)
    training = replace(recipe.training, epochs=60, batch_size=128)
    return StartFacts(
        run="digits-resnet-20",
        folder="runs/digits-resnet-20",
        info=DIGITS,
        input_note="8x8x1 uint8, in memory",
        recipe=replace(
            recipe,
            training=training,
            precision=Precision(mode="bf16", channels_last=True),
            machine=Machine(threads=2),
        ),
        parameters=269_434,
        multiply_adds=2_534_016,
        device="cpu (AMD EPYC)",
        processes=1,
        chance={"loss": 2.3019, "accuracy": 0.1012},
        total_steps=600,
        resumed_at=0,
    )


@pytest.fixture
def end_facts() -> EndFacts:
    confusion = [[14 if i == j else 0 for j in range(10)] for i in range(10)]
    confusion[8][1] = 2
    return EndFacts(
        outcome=Outcome(
            step=600,
            epoch=60.0,
            values=LAST,
            best_values=BEST,
            seconds=27.4,
            stopped_early=False,
        ),
        monitor="accuracy",
        monitor_mode="max",
        classes=DIGITS.classes,
        confusion=confusion,
        folder="runs/digits-resnet-20",
        data="digits",
    )


@pytest.fixture
def step_report() -> StepReport:
    return StepReport(
        step=240,
        epoch=24.0,
        loss=0.2131,
        grad_norm=1.5,
        lr=0.09812,
        samples_per_second=6120.4,
    )


@pytest.fixture
def best_report() -> EvaluationReport:
    return EvaluationReport(step=230, epoch=23.0, values=BEST, is_best=True)


@pytest.fixture
def last_report() -> EvaluationReport:
    return EvaluationReport(step=240, epoch=24.0, values=LAST, is_best=False)


@pytest.fixture
def make_console() -> Callable[[int], Console]:
    """Return a function that makes a terminal of a width."""

    def make(width: int) -> Console:
        return Console(
            record=True,
            width=width,
            file=io.StringIO(),
            force_terminal=True,
            highlight=False,
        )

    return make
