"""Two kinds of momentum that are one, and the length of Adam's steps."""

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from headway.engine import Callback, Setup
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.optim import heavy_ball_lr

STEPS, LR, MOMENTUM, ADAM_LR, SGD_LR = 200, 0.1, 0.9, 1e-3, 0.1
# Gradients beside which Adam's eps of 1e-8 counts for nothing.
_CLEAR = 1e-4
_HEAVY, _AVERAGED = "heavy ball, lr 0.01", "average, lr 0.1"
_UNCONVERTED = "average, lr 0.01"


class _Path(Callback):
    """Keeps the weights after every step, and the signs of the first gradient."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.weights: list[Tensor] = [_flat(setup.model)]
        self.first = torch.empty(0)

    def on_step(self, loss: Tensor) -> None:
        """Copy the weights; Adam's average of one gradient is a tenth of it."""
        self.weights.append(_flat(self._setup.model))
        if len(self.weights) == 2:
            states = [
                self._setup.optimizer.state[p] for p in self._setup.model.parameters()
            ]
            if all("exp_avg" in state for state in states):
                self.first = (
                    torch.cat([s["exp_avg"].flatten() for s in states]).clone() * 10
                )


def _flat(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).double()


def _run(bench: Bench, seed: int, name: str, lr: float) -> tuple[_Path, list[float]]:
    """Train a small network and return the way of its weights and its losses."""
    recipe = plain_recipe(
        "digits",
        "mlp",
        steps=STEPS,
        batch_size=60,
        lr=lr,
        options={"hidden": [32]},
        settings={
            "optimizer.name": name,
            "optimizer.momentum": MOMENTUM if name != "adam" else 0.0,
            "training.report_every": 1,
            "training.evaluate_every": STEPS,
        },
    )
    paths: list[_Path] = []

    def follow(setup: Setup) -> list[_Path]:
        paths.append(_Path(setup))
        return paths

    trial = bench.train(recipe, seed=seed, follow=follow, name=f"{name}-{lr:g}")
    return paths[0], list(trial.curve.losses)


def _momenta(bench: Bench, seed: int) -> Numbers:
    """Compare trajectories: how far weights lie apart, relative to how far they went."""
    heavy, loss = _run(bench, seed, "sgd", heavy_ball_lr(LR, MOMENTUM))
    averaged, same_loss = _run(bench, seed, "averaged-momentum", LR)
    slow, slow_loss = _run(bench, seed, "averaged-momentum", heavy_ball_lr(LR, MOMENTUM))
    return {
        "apart": _apart(averaged, heavy),
        "unconverted_apart": _apart(slow, heavy),
        "loss": {_HEAVY: loss, _AVERAGED: same_loss, _UNCONVERTED: slow_loss},
    }


def _apart(path: _Path, reference: _Path) -> float:
    """Return the largest distance of two trajectories, as a part of the way gone."""
    a, b = torch.stack(path.weights), torch.stack(reference.weights)
    return float((a - b).norm(dim=1).max() / (b[-1] - b[0]).norm())


def _lengths(name: str, lr: float) -> Arm:
    """Return an arm that measures the mean change of a weight in a step, over the rate."""

    def arm(bench: Bench, seed: int) -> Numbers:
        path, _ = _run(bench, seed, name, lr)
        changes = torch.stack(path.weights).diff(dim=0) / lr
        lengths = changes.abs().mean(dim=1)
        numbers = {"lengths": lengths.tolist(), "mean": float(lengths.mean())}
        if len(path.first):
            is_clear = path.first.abs() > _CLEAR
            errors = changes[0][is_clear] + path.first.sign()[is_clear]
            numbers["first_error"] = float(errors.abs().max())
        return numbers

    return arm


def _draw_losses(axes: Axes, results: Results) -> None:
    styles = ((_HEAVY, COLORS[0], "-", 3.0), (_AVERAGED, COLORS[4], "--", 1.2))
    styles += ((_UNCONVERTED, COLORS[1], "-", 1.2),)
    for number, losses in enumerate(results.values("momentum", "loss")):
        for name, color, line, width in styles:
            shown = None if number else name
            axes.plot(losses[name], line, color=color, linewidth=width, label=shown)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.02)
    axes.legend(loc="lower left")
    label(
        axes,
        "step",
        "training loss (nats)",
        f"momentum {MOMENTUM:g} as a sum and as a mean",
    )


def _draw_lengths(axes: Axes, results: Results) -> None:
    for arm, color in zip(("Adam", "SGD"), (COLORS[0], COLORS[1]), strict=True):
        runs = results.values(arm, "lengths")
        draw_seeds(axes, range(1, STEPS + 1), runs, color=color, name=arm)
    axes.axhspan(0.2, 2.0, color="0.9", label="0.2 to 2", zorder=0)
    axes.set_yscale("log")
    axes.legend(loc="center right")
    label(axes, "step", "mean change of a weight / learning rate", "length of a step")


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    _draw_losses(left, results)
    _draw_lengths(right, results)


def _momentum(key: str) -> Callable[[Arms], float]:
    def value(arms: Arms) -> float:
        return arms["momentum"][key]

    return value


EXPERIMENT = Experiment(
    name="optimizers",
    claim="Momentum as an average at rate lr is the heavy ball at lr / 10, and Adam's steps "
    "are about as long as its learning rate.",
    source='Kingma and Ba, "Adam", 2014, section 2.1; Polyak, 1964 (heavy ball)',
    arms={
        "momentum": _momenta,
        "Adam": _lengths("adam", ADAM_LR),
        "SGD": _lengths("sgd", SGD_LR),
    },
    requirements=(
        Requirement(
            text="both forms of momentum lie less than 1e-6 of the way apart at every step",
            value=_momentum("apart"),
            below=1e-6,
        ),
        Requirement(
            text="at the same rate, without the factor, they lie over a tenth of it apart",
            value=_momentum("unconverted_apart"),
            above=0.1,
            is_control=True,
        ),
        Requirement(
            text="Adam's first step is its rate times the sign of the gradient, within 0.1 %",
            value=lambda arms: arms["Adam"]["first_error"],
            below=1e-3,
        ),
        Requirement(
            text="its mean change of a weight is 0.2 to 2 times the learning rate",
            value=lambda arms: arms["Adam"]["mean"],
            above=0.2,
            below=2.0,
        ),
        Requirement(
            text="that of SGD is below 0.2 times its rate, as it follows the gradient's size",
            value=lambda arms: arms["SGD"]["mean"],
            below=0.2,
            is_control=True,
        ),
    ),
    plot=_plot,
)
