"""The seven steps to settings that train, as one run whose decisions are written down."""

import json
import math
import shutil
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.settings import plain_recipe
from headway.tune import Decision, tune

RATE, WILD_RATE = 0.1, 1e3
_SOUND, _WILD = "sound start", "rate of 1,000"
_LARGE, _ZERO = "weights times 30", "weights of zero"
_TOP = 5.0
_LR = "optimizer.lr"


def _arm(*, lr: float = RATE, factor: float = 1.0) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        recipe = plain_recipe(
            "digits",
            "lab:multiplied_mlp",
            steps=1,
            batch_size=60,
            lr=lr,
            options={"factor": factor},
            settings={
                "training.max_steps": None,
                "training.report_every": 2,
                "optimizer.momentum": 0.9,
            },
        )
        machine = replace(recipe.machine, device=bench.device)
        folder = bench.folder / "tuning" / f"{bench.arm}-seed-{seed}"
        shutil.rmtree(folder, ignore_errors=True)
        result = tune(recipe=replace(recipe, seed=seed, machine=machine), out=folder)
        curves = folder / "curves.json"
        curve = json.loads(curves.read_text()) if curves.exists() else {}
        return {**_read(result.decisions), "curve": {key: curve.get(key) for key in _CURVE}}

    return arm


_CURVE = ("steps", "losses", "moving_average")


def _read(decisions: tuple[Decision, ...]) -> Numbers:
    numbers: dict[int, Any] = {each.step: each.numbers for each in decisions}
    failed = [each.step for each in decisions if not each.is_passed]
    tried = [
        {"step": step, "lr": point[_LR], "score": point["score"]}
        for step in (4, 5)
        for point in numbers.get(step, {}).get("tried", ())
    ]
    return {
        "decisions": [f"{each.step} {each.name}: {each.text}" for each in decisions],
        "taken": len(numbers),
        "failed": failed[0] if failed else 0,
        "initial_loss": numbers[1]["loss"],
        "by_heart": max(numbers.get(2, {}).get("reached", {"": math.nan}).values()),
        "rates": numbers.get(3, {}).get("last_loss", {}),
        "diverging": numbers.get(3, {}).get("diverging", []),
        "tried": tried,
        "best": max((each["score"] for each in tried), default=math.nan),
    }


def _draw_rates(axes: Axes, results: Results) -> None:
    for number, losses in enumerate(results.values(_WILD, "rates")):
        rates = sorted(float(rate) for rate in losses)
        heights = [losses[f"{rate:g}"] for rate in rates]
        kept = [height if height <= _TOP else math.nan for height in heights]
        axes.plot(rates, kept, ".", color=COLORS[0], label=None if number else "at the end")
        lost = [rate for rate, height in zip(rates, heights, strict=True) if height > _TOP]
        name = None if number else "diverged"
        axes.plot(lost, [_TOP] * len(lost), "x", color=COLORS[1], markersize=9, label=name)
    axes.axhline(math.log(10), color="0.5", linestyle=":", label="guessing")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend()
    label(axes, "learning rate", "loss after 100 steps (nats)", "step 3: find a rate")


def _draw_search(axes: Axes, results: Results) -> None:
    for step, name, color in ((4, "coarse", COLORS[4]), (5, "refined", COLORS[0])):
        points = [
            (point["lr"], 100 * (1 - point["score"]))
            for tried in results.values(_SOUND, "tried")
            for point in tried
            if point["step"] == step
        ]
        axes.plot(*zip(*points, strict=True), "o", color=color, alpha=0.7, label=name)
    axes.set_xscale("log")
    axes.set_xticks([0.03, 0.1, 0.3], ["0.03", "0.1", "0.3"], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0)
    axes.legend()
    label(axes, "learning rate", "validation error (%)", "steps 4 and 5: search")


def _draw_curve(axes: Axes, results: Results) -> None:
    curve = results.first(_SOUND)["curve"]
    steps, losses = curve["steps"], curve["losses"]
    axes.plot(steps, losses, ".", color=COLORS[5], label="losses")
    axes.plot(steps, curve["moving_average"], color=COLORS[0], label="moving average")
    axes.set_yscale("log")
    axes.legend()
    label(axes, "step", "training loss (nats)", "step 6: look at the curve")


def _write_decisions(axes: Axes, results: Results) -> None:
    lines: list[str] = []
    for arm in (_SOUND, _LARGE, _ZERO):
        lines.append(f"{arm}:")
        for decision in results.first(arm)["decisions"]:
            short = textwrap.shorten(decision, 150, placeholder=" ...")
            lines.extend(
                textwrap.wrap(short, 74, initial_indent="  ", subsequent_indent="    ")
            )
    axes.set_axis_off()
    axes.text(0, 1, "\n".join(lines), fontsize=6.5, va="top", family="monospace")
    axes.set_title("the decisions, as written down", fontsize=10)


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(2, 2).ravel()
    draws = (_draw_rates, _draw_search, _draw_curve, _write_decisions)
    for axes, draw in zip(plots, draws, strict=True):
        draw(axes, results)


def _value(arm: str, key: str) -> Callable[[Arms], float]:
    def value(arms: Arms) -> float:
        return arms[arm][key]

    return value


def _drop(arms: Arms) -> float:
    numbers = arms[_SOUND]
    return min(numbers["rates"].values()) / numbers["initial_loss"]


EXPERIMENT = Experiment(
    name="procedure",
    claim="Seven steps lead to settings that train, and the first two catch bad weights.",
    source='Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters"',
    arms={
        _SOUND: _arm(),
        _WILD: _arm(lr=WILD_RATE),
        _LARGE: _arm(factor=30.0),
        _ZERO: _arm(factor=0.0),
    },
    requirements=(
        Requirement(
            text="all seven steps are taken and none fails: steps taken, without failed ones",
            value=lambda arms: arms[_SOUND]["taken"] if not arms[_SOUND]["failed"] else 0,
            above=6.5,
        ),
        Requirement(
            text="step 1: the first loss is less than 0.05 from that of guessing, ln 10",
            value=lambda arms: abs(arms[_SOUND]["initial_loss"] - math.log(10)),
            below=0.05,
        ),
        Requirement(
            text="step 2: five batches are learned by heart: training accuracy above 0.999",
            value=_value(_SOUND, "by_heart"),
            above=0.999,
        ),
        Requirement(
            text="step 3: within 100 steps the loss falls below half of the first",
            value=_drop,
            below=0.5,
        ),
        Requirement(
            text="steps 4 to 7 end at a validation accuracy above 0.95",
            value=_value(_SOUND, "best"),
            above=0.95,
        ),
        Requirement(
            text="a rate of 1,000 is reported as diverging, and another one ends above 0.95",
            value=lambda arms: (
                arms[_WILD]["best"] if WILD_RATE in arms[_WILD]["diverging"] else 0.0
            ),
            above=0.95,
        ),
        Requirement(
            text="weights that are 30 times too large fail step 1",
            value=lambda arms: abs(arms[_LARGE]["failed"] - 1),
            below=0.5,
            is_control=True,
        ),
        Requirement(
            text="weights of zero fail step 2",
            value=lambda arms: abs(arms[_ZERO]["failed"] - 2),
            below=0.5,
            is_control=True,
        ),
    ),
    plot=_plot,
    size=(10.0, 7.0),
)
