"""Where few settings matter, random points find better ones than a grid of as many."""

import random
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.settings import plain_recipe
from headway.tune import LogUniform, Settings, Space, Uniform, grid_points, random_points

TRIALS, REPEATS, ALONE_REPEATS = 16, 7, 2
NAMES = ("learning rate", "weight decay", "momentum", "width")
SPACE: Space = {
    "learning rate": LogUniform(1e-4, 10.0),
    "weight decay": LogUniform(1e-6, 1e-2),
    "momentum": Uniform(0.0, 0.95),
    "width": LogUniform(8.0, 256.0),
}
# What the other three are where the learning rate is searched alone.
_USUAL = {"weight decay": 1e-4, "momentum": 0.5, "width": 45.0}
_BINS = 5
_ALONE = "grid over the rate alone"
Point = dict[str, Any]


def _score(bench: Bench, seed: int, settings: Settings, name: str) -> float:
    """Return the validation accuracy after 60 steps; 0 where the training diverged."""
    recipe = plain_recipe(
        "digits",
        "mlp",
        steps=60,
        batch_size=60,
        lr=settings["learning rate"],
        options={"hidden": [round(settings["width"])]},
        settings={
            "optimizer.momentum": settings["momentum"],
            "optimizer.weight_decay": settings["weight decay"],
            "training.evaluate_every": 1000,
        },
    )
    trial = bench.train(recipe, seed=seed, name=name)
    return 0.0 if trial.has_diverged else trial.curve.val["accuracy"][-1]


def _halves(draw: random.Random) -> Space:
    """Return the space from a random place to half of it further, for a grid of two points."""
    return {name: _part(name, draw.uniform(0.0, 0.5)) for name in NAMES}


def _part(name: str, start: float) -> LogUniform | Uniform:
    whole = SPACE[name]
    assert isinstance(whole, LogUniform | Uniform)
    if isinstance(whole, Uniform):
        width = whole.high - whole.low
        return Uniform(whole.low + start * width, whole.low + (start + 0.5) * width)
    ratio = whole.high / whole.low
    return LogUniform(whole.low * ratio**start, whole.low * ratio ** (start + 0.5))


def _grid(draw: random.Random) -> list[Settings]:
    return grid_points(_halves(draw), points=2)


def _random(draw: random.Random) -> list[Settings]:
    return random_points(SPACE, count=TRIALS, seed=draw.randrange(2**31))


def _alone(draw: random.Random) -> list[Settings]:
    """Return 16 rates with equal steps, from a random place in the first step on."""
    shift, ratio = draw.random() / TRIALS, 1e5
    shares = (i / TRIALS + shift for i in range(TRIALS))
    return [{"learning rate": 1e-4 * ratio**share, **_USUAL} for share in shares]


def _arm(points: Callable[[random.Random], list[Settings]], repeats: int) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        draw = random.Random(seed)
        searches: list[list[Point]] = []
        for repeat in range(repeats):
            searches.append(
                [
                    {**each, "score": _score(bench, seed, each, f"{repeat}-{number}")}
                    for number, each in enumerate(points(draw))
                ]
            )
        return {"searches": searches}

    return arm


def best_of(search: Iterable[Point], count: int = TRIALS) -> float:
    """Return the best score among the first points of a search."""
    return max(point["score"] for point in list(search)[:count])


def mean_best(arms: Arms, arm: str, count: int = TRIALS) -> float:
    """Return the mean of the best scores over the searches of an arm."""
    return fmean(best_of(search, count) for search in arms[arm]["searches"])


def explained(arms: Arms, name: str) -> float:
    """Return the share of the variance of random scores that one setting alone explains."""
    points = [point for search in arms["random"]["searches"] for point in search]
    ordered = [point["score"] for point in sorted(points, key=lambda point: point[name])]
    size = len(ordered) / _BINS
    bins = [ordered[round(i * size) : round((i + 1) * size)] for i in range(_BINS)]
    mean = fmean(ordered)
    between = sum(len(part) * (fmean(part) - mean) ** 2 for part in bins)
    return between / sum((score - mean) ** 2 for score in ordered)


def _draw_points(axes: Axes, results: Results) -> None:
    for arm, marker, color in (("grid", "s", COLORS[1]), ("random", "o", COLORS[0])):
        points: Sequence[Point] = results.first(arm)["searches"][0]
        axes.scatter(
            [point["learning rate"] for point in points],
            [100 * point["score"] for point in points],
            marker=marker,
            color=color,
            label=f"{arm}, 16 points",
            alpha=0.8,
        )
    axes.set_xscale("log")
    axes.legend()
    label(axes, "learning rate", "validation accuracy (%)", "one search of each kind")


def _draw_best(axes: Axes, results: Results) -> None:
    counts = range(1, TRIALS + 1)
    all_seeds = list(results.by_seed.values())
    means = [
        100 * fmean(mean_best(arms, "random", n) for arms in all_seeds) for n in counts
    ]
    axes.plot(counts, means, color=COLORS[0], linewidth=2, label="random")
    for arm, marker, color in (("grid", "s", COLORS[1]), (_ALONE, "x", COLORS[2])):
        bests = [100 * best_of(s) for arms in all_seeds for s in arms[arm]["searches"]]
        axes.plot([TRIALS] * len(bests), bests, ".", color=color, alpha=0.5)
        name = f"{arm} ({len(bests)})"
        axes.plot(TRIALS, fmean(bests), marker, color=color, markersize=9, label=name)
    axes.set_xticks([1, 4, 8, 12, 16])
    axes.set_ylim(20, 100)
    axes.legend(loc="lower left")
    label(axes, "trainings", "best validation accuracy (%)", "best of a search, on average")


def _draw_shares(axes: Axes, results: Results) -> None:
    shares = [
        [100 * explained(arms, name) for arms in results.by_seed.values()] for name in NAMES
    ]
    axes.barh(NAMES, [fmean(share) for share in shares], color=COLORS[5])
    for row, share in enumerate(shares):
        axes.plot(share, [row] * len(share), ".", color=COLORS[6])
    axes.invert_yaxis()
    label(axes, "variance explained (%)", "", "what matters")


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 3, width_ratios=(1.2, 1.2, 1))
    for axes, draw in zip(plots, (_draw_points, _draw_best, _draw_shares), strict=True):
        draw(axes, results)


def _gain(other: str, count: int = TRIALS) -> Callable[[Arms], float]:
    def gain(arms: Arms) -> float:
        return 100 * (mean_best(arms, "random", count) - mean_best(arms, other))

    return gain


EXPERIMENT = Experiment(
    name="random-search",
    claim="Random search finds better settings than a grid of as many trainings, because few "
    "settings matter.",
    source='Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012, '
    "figures 1 and 5",
    arms={
        "grid": _arm(_grid, REPEATS),
        "random": _arm(_random, REPEATS),
        _ALONE: _arm(_alone, ALONE_REPEATS),
    },
    requirements=(
        Requirement(
            text="over all searches, the best of 16 random points is on average more than 3 "
            "points above that of 16 grid points",
            value=_gain("grid"),
            above=3.0,
            where="mean",
        ),
        Requirement(
            text="that of the first 8 random points is not below it (difference in points)",
            value=_gain("grid", 8),
            above=0.0,
            where="mean",
        ),
        Requirement(
            text="the learning rate alone explains over half of the variance of the scores",
            value=lambda arms: explained(arms, "learning rate"),
            above=0.5,
        ),
        Requirement(
            text="each of the other three settings explains less than a fifth of it",
            value=lambda arms: max(explained(arms, name) for name in NAMES[1:]),
            below=0.2,
        ),
        Requirement(
            text="a grid of 16 values of the rate alone is not outdone: random is less than 2 "
            "points above it",
            value=_gain(_ALONE),
            below=2.0,
            where="mean",
            is_control=True,
        ),
    ),
    plot=_plot,
    size=(11.0, 4.0),
    note="Perceptrons on digits after 60 steps; the grid has two values of each of four "
    f"settings and lies anew at random in each of {REPEATS} searches a seed. The range of "
    "good rates is so wide here that one of the two values mostly lies in it.",
)
