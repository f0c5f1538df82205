"""Inputs that are all positive force the weights of a unit to move the same way."""

import itertools
from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from headway.engine import Callback, Setup
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.sets import differences
from headway.lab.settings import plain_recipe

STEPS, LR = 600, 0.05
POSITIVE, CENTERED = (0.0, 2.0), (-1.0, 1.0)
# Part of the way at which the goal counts as reached.
_NEAR = 0.1
_ARMS = {
    "positive inputs, one a step": (POSITIVE, 1),
    "positive inputs, 20 a step": (POSITIVE, 20),
    "centered inputs, one a step": (CENTERED, 1),
}
_COLORS = (COLORS[0], COLORS[2], COLORS[3])
_ZIGZAG, _BATCHES, _CENTERED = _ARMS


class _Path(Callback):
    """Keeps the weights after every step."""

    def __init__(self, setup: Setup) -> None:
        self._model = setup.model
        self.weights = [self._copy()]

    def on_step(self, loss: Tensor) -> None:
        """Copy the weights."""
        self.weights.append(self._copy())

    def _copy(self) -> Tensor:
        return nn.utils.parameters_to_vector(self._model.parameters()).detach().clone()


def _arm(limits: tuple[float, float], batch_size: int) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        recipe = plain_recipe(
            differences(bench.folder, seed=seed, low=limits[0], high=limits[1]),
            "lab:one_unit",
            steps=STEPS,
            batch_size=batch_size,
            lr=LR,
            settings={"preprocessing.kind": "none"},
        )
        paths: list[_Path] = []

        def follow(setup: Setup) -> list[_Path]:
            paths.append(_Path(setup))
            return paths

        bench.train(recipe, seed=seed, follow=follow)
        return {**_read(torch.stack(paths[0].weights)), "agree": _agree(limits, seed)}

    return arm


def _read(path: Tensor) -> Numbers:
    """Return the way to the goal over the distance, and how often both weights went along."""
    distances = (path - path[-1]).norm(dim=1)
    arrival = int((distances < _NEAR * distances[0]).nonzero()[0])
    moves = path[: arrival + 1].diff(dim=0)
    way = moves.norm(dim=1).sum() / (path[arrival] - path[0]).norm()
    return {
        "path": path[: arrival + 1].tolist(),
        "goal": path[-1].tolist(),
        "way": float(way),
        "same_way": float((moves.prod(dim=1) > 0).double().mean()),
    }


def _agree(limits: tuple[float, float], seed: int) -> float:
    """Return the share of samples at which all ten gradients of a sigmoid unit agree."""
    generator = torch.Generator().manual_seed(seed)
    low, high = limits
    inputs = low + (high - low) * torch.rand(500, 10, generator=generator)
    targets = torch.rand(500, generator=generator)
    weights = (0.3 * torch.randn(10, generator=generator)).expand(500, 10).requires_grad_()
    weights.retain_grad()
    (torch.sigmoid((weights * inputs).sum(dim=1)) - targets).square().sum().backward()
    assert weights.grad is not None
    signs = weights.grad.sign()
    return float((signs == signs[:, :1]).all(dim=1).double().mean())


def _draw(axes: Axes, results: Results, arm: str) -> None:
    paths, goals = results.values(arm, "path"), results.values(arm, "goal")
    for path, goal, color in zip(paths, goals, itertools.cycle(_COLORS), strict=False):
        axes.plot(*zip(*path, strict=True), ".-", color=color, linewidth=0.8, alpha=0.8)
        axes.plot(*zip((0.0, 0.0), goal, strict=True), "--", color=COLORS[1])
        axes.plot(*goal, "*", color=COLORS[1], markersize=11)
    label(axes, "first weight", "second weight" if arm == _ZIGZAG else "", arm)


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, arm in zip(plots, _ARMS, strict=True):
        _draw(axes, results, arm)


def _value(arm: str, key: str) -> Callable[[Arms], float]:
    def value(arms: Arms) -> float:
        return arms[arm][key]

    return value


EXPERIMENT = Experiment(
    name="zig-zag",
    claim="Where all inputs are positive, the gradients of a unit's weights share one sign, "
    "and the weights reach their goal in zigzags.",
    source='LeCun et al., "Efficient BackProp", 1998, section 4.3; CS231n, 2024, lecture 6',
    arms={name: _arm(*setting) for name, setting in _ARMS.items()},
    requirements=(
        Requirement(
            text="at positive inputs the gradients of all ten weights share a sign for over "
            "0.999 of the samples",
            value=_value(_ZIGZAG, "agree"),
            above=0.999,
        ),
        Requirement(
            text="at centered inputs they do so for less than 0.05 of them",
            value=_value(_CENTERED, "agree"),
            below=0.05,
            is_control=True,
        ),
        Requirement(
            text="at positive inputs both weights move the same way in over 0.999 of the steps",
            value=_value(_ZIGZAG, "same_way"),
            above=0.999,
        ),
        Requirement(
            text="and the way to the goal is over twice the distance",
            value=_value(_ZIGZAG, "way"),
            above=2.0,
        ),
        Requirement(
            text="at centered inputs it is below 1.7 times the distance",
            value=_value(_CENTERED, "way"),
            below=1.7,
            is_control=True,
        ),
        Requirement(
            text="and at positive ones with 20 samples a step it is below 1.7 times",
            value=_value(_BATCHES, "way"),
            below=1.7,
        ),
    ),
    plot=_plot,
    note="A linear unit learns the difference of its two inputs, whose best weights have "
    "opposite signs. Dashed: the straight way. The number of steps is about the same.",
)
