"""Batch norm keeps the inputs of a nonlinearity in place and lets rates be higher."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from headway.engine import Callback, Setup
from headway.lab.arms import steps_to, trained
from headway.lab.bench import Bench
from headway.lab.experiment import (
    Arm,
    Arms,
    Experiment,
    Numbers,
    Requirement,
    Results,
)
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.nn import statistics_kept
from headway.recipe import Recipe
from headway.tune import Trial

KINDS = {"plain": "none", "norm": "batch"}
BASE = 0.05
FACTORS = (1, 5, 30, 100)
WATCHED = (1, 5)
LEVELS = (0.15, 0.50, 0.85)
STEPS = 800
GOAL = 0.9


class _Percentiles(Callback):
    """Keeps percentiles of what the last sigmoid gets from all validation images."""

    def __init__(self, setup: Setup) -> None:
        assert setup.val_data is not None
        self._model = setup.model
        self._inputs = torch.cat([batch.inputs for batch in setup.val_data.batches()])
        self._step = 0
        self.steps: list[int] = []
        self.values: list[Tensor] = []

    def on_step(self, loss: Tensor) -> None:
        """Look at the sigmoid after the first steps and every tenth."""
        self._step += 1
        if self._step == 1 or self._step % 10 == 0:
            self.steps.append(self._step)
            self.values.append(self._look())

    @torch.no_grad()
    def _look(self) -> Tensor:
        seen: list[Tensor] = []
        last = [m for m in self._model.modules() if isinstance(m, nn.Sigmoid)][-1]
        handle = last.register_forward_pre_hook(lambda _, x: seen.append(x[0]))
        was_training = self._model.training
        with statistics_kept([self._model]):
            self._model.train()(self._inputs)
        self._model.train(was_training)
        handle.remove()
        return seen[0].quantile(torch.tensor(LEVELS), dim=0)


def _drift(values: Tensor) -> float:
    """Return how far the median of a unit wanders, in widths of its distribution."""
    low, median, high = values.unbind(1)
    wander = median.amax(0) - median.amin(0)
    return float((wander / (high - low).mean(0)).median())


def _curves(trial: Trial) -> Numbers:
    return {
        "steps": trial.curve.eval_steps,
        "accuracy": trial.curve.val["accuracy"],
        "steps_to_goal": steps_to(trial, GOAL),
    }


def _watched(recipe: Recipe) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        followers: list[_Percentiles] = []

        def follow(setup: Setup) -> Sequence[Callback]:
            followers.append(_Percentiles(setup))
            return followers

        trial = bench.train(recipe, seed=seed, follow=follow)
        values = torch.stack(followers[0].values)
        return {
            **_curves(trial),
            "drift": _drift(values),
            "looked": followers[0].steps,
            "percentiles": values[:, :, 0].tolist(),
        }

    return arm


def _arm(kind: str, factor: int) -> Arm:
    recipe = plain_recipe(
        "digits",
        "mlp",
        steps=STEPS,
        batch_size=60,
        lr=BASE * factor,
        options={"hidden": [100] * 3, "activation": "sigmoid", "norm": KINDS[kind]},
    )
    return _watched(recipe) if factor in WATCHED else trained(recipe, _curves)


def _undone(bench: Bench, seed: int) -> Numbers:
    """Give a norm the deviation and the mean of its input, which it then should return."""
    x = 3.0 + 2.0 * torch.randn(
        500, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    norm = nn.BatchNorm1d(8, eps=1e-12, dtype=torch.float64)
    with torch.no_grad():
        norm.weight.copy_(x.std(0, correction=0))
        norm.bias.copy_(x.mean(0))
        return {"error": float((norm(x) - x).abs().max())}


def _best(arms: Arms, kind: str) -> float:
    return min(arms[f"{kind}-x{factor}"]["steps_to_goal"] for factor in FACTORS)


def _drift_ratio(arms: Arms) -> float:
    return max(arms[f"norm-x{f}"]["drift"] / arms[f"plain-x{f}"]["drift"] for f in WATCHED)


def _draw_accuracy(axes: Axes, results: Results) -> None:
    for kind, name, color in (
        ("plain", "without", COLORS[1]),
        ("norm", "with batch norm", COLORS[0]),
    ):
        for factor, style in ((5, "-"), (30, ":")):
            arm = f"{kind}-x{factor}"
            draw_seeds(
                axes,
                results.first(arm)["steps"],
                results.values(arm, "accuracy"),
                color=color,
                name=f"{name}, rate {BASE * factor:g}",
                line=style,
            )
    axes.axhline(GOAL, color="0.6", lw=0.8)
    axes.legend(fontsize=7, loc="lower right")
    axes.set_ylim(0, 1)
    label(axes, "step", "validation accuracy", "(a) accuracy")


def _draw_percentiles(axes: Axes, numbers: Numbers, color: str, title: str) -> None:
    low, median, high = zip(*numbers["percentiles"], strict=True)
    axes.fill_between(numbers["looked"], low, high, color=color, alpha=0.2)
    axes.plot(numbers["looked"], median, color=color, label="50th percentile")
    axes.plot(numbers["looked"], low, "--", color=color, lw=1, label="15th and 85th")
    axes.plot(numbers["looked"], high, "--", color=color, lw=1)
    axes.legend(fontsize=7, loc="lower left")
    label(axes, "step", "input of one sigmoid of layer 3", title)


def _plot(figure: Figure, results: Results) -> None:
    left, *others = figure.subplots(1, 3, width_ratios=(1.3, 1, 1))
    _draw_accuracy(left, results)
    for axes, kind, color, title in (
        (others[0], "plain", COLORS[1], f"(b) without, rate {5 * BASE:g}"),
        (others[1], "norm", COLORS[0], f"(c) with batch norm, rate {5 * BASE:g}"),
    ):
        _draw_percentiles(axes, results.first(f"{kind}-x5"), color, title)
    for axes in others:
        axes.set_ylim(-3.5, 2.5)


EXPERIMENT = Experiment(
    name="batch-norm",
    claim=(
        "Batch norm keeps the distribution of the inputs of a nonlinearity in place, and a "
        "network with it learns in a fraction of the steps and takes higher learning rates."
    ),
    source='Ioffe and Szegedy, "Batch Normalization", 2015, figure 1',
    arms={
        **{f"{kind}-x{factor}": _arm(kind, factor) for kind in KINDS for factor in FACTORS},
        "undone": _undone,
    },
    requirements=(
        Requirement(
            text="without batch norm and at its best rate, 90 % takes over 200 steps",
            value=lambda arms: _best(arms, "plain"),
            above=200,
            is_control=True,
        ),
        Requirement(
            text="with it at the lowest rate, 90 % takes under half of these steps",
            value=lambda arms: arms["norm-x1"]["steps_to_goal"] / _best(arms, "plain"),
            below=1 / 2,
        ),
        Requirement(
            text="with it at its own best rate, 90 % takes under a quarter of them",
            value=lambda arms: _best(arms, "norm") / _best(arms, "plain"),
            below=1 / 4,
        ),
        Requirement(
            text=(
                "at rates 0.05 and 0.25 the median of a sigmoid's input wanders less than a "
                "third as far, in widths of its distribution"
            ),
            value=_drift_ratio,
            below=1 / 3,
        ),
        Requirement(
            text="scale and shift can undo the norm: the input comes back within 1e-9",
            value=lambda arms: arms["undone"]["error"],
            below=1e-9,
        ),
    ),
    plot=_plot,
    size=(9.0, 4.0),
)
