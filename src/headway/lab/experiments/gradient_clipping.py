"""Gradients that explode through time end a training, and clipping them rescues it."""

import math
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from headway.lab.arms import trained
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.settings import plain_recipe
from headway.tune import Trial

RATE = 0.03
RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, RATE, 1e-1)
STEPS = 200
MAX_NORM = 1.0
# Cross-entropy of guessing one of ten digits.
GUESSING = math.log(10)
# Where the picture shows losses that are larger or no number.
_TOP = 20.0


def _losses(trial: Trial) -> Numbers:
    losses = trial.curve.losses
    last = losses[-20:]
    final = math.inf if trial.has_diverged else math.fsum(last) / len(last)
    norms = [row["train/grad_norm"] for row in trial.run.metrics() if "train/loss" in row]
    return {"losses": losses, "norms": norms, "final": final}


def _arm(lr: float, max_norm: float | None) -> Arm:
    recipe = plain_recipe(
        "digits",
        "lab:rnn_on_pixels",
        steps=STEPS,
        batch_size=60,
        lr=lr,
        options={"hidden_size": 32, "steps": 32, "scale": 1.1},
        settings={
            "training.clip_norm": max_norm,
            "training.report_every": 1,
            "training.evaluate_every": STEPS,
        },
    )
    return trained(recipe, _losses)


def _final(kind: str, lr: float = RATE) -> Callable[[Arms], float]:
    def final(arms: Arms) -> float:
        return arms[f"{kind}, lr {lr:g}"]["final"]

    return final


def _draw_curves(axes: Axes, results: Results) -> None:
    for kind, color in zip(("unclipped", "clipped"), (COLORS[1], COLORS[0]), strict=True):
        for number, losses in enumerate(results.values(f"{kind}, lr {RATE:g}", "losses")):
            steps = range(1, len(losses) + 1)
            axes.plot(steps, losses, color=color, label=None if number else kind, alpha=0.8)
            if len(losses) < STEPS:
                axes.plot(len(losses), losses[-1], "x", color=color, markersize=9)
    axes.axhline(GUESSING, color="0.5", linestyle=":", label="guessing")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend()
    label(axes, "step", "training loss (nats)", f"lr {RATE:g} (x: no longer a number)")


def _draw_rates(axes: Axes, results: Results) -> None:
    for kind, color in zip(("unclipped", "clipped"), (COLORS[1], COLORS[0]), strict=True):
        for number in range(len(results.by_seed)):
            finals = [results.values(f"{kind}, lr {lr:g}", "final")[number] for lr in RATES]
            ended = [final if final < _TOP else math.nan for final in finals]
            name = None if number else kind
            axes.plot(RATES, ended, color=color, label=name, alpha=0.8, marker=".")
            lost = [lr for lr, final in zip(RATES, finals, strict=True) if final >= _TOP]
            axes.plot(lost, [_TOP] * len(lost), "x", color=color, markersize=9)
    axes.axhline(GUESSING, color="0.5", linestyle=":", label="guessing")
    axes.set_xscale("log")
    axes.set_yscale("log", subs=[])
    axes.set_yticks([1, 2, 5, 10, _TOP], ["1", "2", "5", "10", "diverged"])
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0.93))
    label(axes, "learning rate", "loss after 200 steps (nats)", "all rates (x: diverged)")


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    _draw_curves(left, results)
    _draw_rates(right, results)


EXPERIMENT = Experiment(
    name="gradient-clipping",
    claim="Clipping the norm of the gradient rescues a recurrent network that would explode.",
    source='Pascanu et al., "On the difficulty of training recurrent neural networks", 2013, '
    "section 3.2 and algorithm 1",
    arms={
        f"{kind}, lr {lr:g}": _arm(lr, max_norm)
        for kind, max_norm in (("unclipped", None), ("clipped", MAX_NORM))
        for lr in RATES
    },
    requirements=(
        Requirement(
            text=f"at lr {RATE:g} the loss without clipping ends above 1,000 or is no number",
            value=_final("unclipped"),
            above=1e3,
            is_control=True,
        ),
        Requirement(
            text=f"clipped at norm {MAX_NORM:g} it stays below that of guessing, ln 10, + 0.5",
            value=_final("clipped"),
            below=GUESSING + 0.5,
        ),
        Requirement(
            text="and in three of four seeds it ends below 2.3",
            value=_final("clipped"),
            below=2.3,
            where="most",
        ),
    ),
    plot=_plot,
    note="A ReLU network that reads digits two pixels a step from recurrent weights 1.1 I. "
    "Without clipping a learning rate a hundred times smaller trains it as well.",
)
