"""Whether what was learned on some digits helps to tell others apart from few examples."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from matplotlib.figure import Figure

from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.sets import digits_of
from headway.lab.settings import plain_recipe
from headway.recipe import Recipe

FIRST, THEN = tuple(range(7)), (7, 8, 9)
SIZES, DRAWS = (1, 5, 20, 100), 3
LR, TUNING_LR = 0.05, 0.005
_SCRATCH, _FROZEN, _TUNED = "from scratch", "last layer alone", "all layers, fine-tuned"
_RANDOM, _ALL = "last layer over random ones", "last layer alone, after 0 to 9"
# Digits learned before, layers that learn then, and their learning rate.
_ADAPTED: dict[str, tuple[tuple[int, ...], int | None, float]] = {
    _SCRATCH: ((), None, LR),
    _FROZEN: (FIRST, 1, LR),
    _TUNED: (FIRST, None, TUNING_LR),
    _RANDOM: ((), 1, LR),
    _ALL: (FIRST + THEN, 1, LR),
}


def _recipe(data: Path, batch_size: int, **settings: object) -> Recipe:
    return plain_recipe(
        data,
        "mlp",
        steps=300,
        batch_size=batch_size,
        lr=LR,
        options={"hidden": [64, 64]},
        settings={"optimizer.momentum": 0.9, "training.evaluate_every": 1000, **settings},
    )


def _arm(before: tuple[int, ...], train_last: int | None, lr: float) -> Arm:
    def adapt(bench: Bench, seed: int, draw: int, size: int) -> float:
        """Learn from `size` examples a class; the same draw has the same validation part."""
        draw_seed = 100 * seed + draw
        start = None
        if before:
            all_of = digits_of(bench.folder, seed=draw_seed, classes=before, per_class=None)
            learned = bench.train(_recipe(all_of, 60), seed=seed, name=f"before-{draw}")
            start = str(learned.run.folder)
        few = digits_of(bench.folder, seed=draw_seed, classes=THEN, per_class=size)
        settings = {"model.init_from": start, "model.train_last": train_last}
        recipe = _recipe(few, min(3 * size, 60), **settings, **{"optimizer.lr": lr})
        trial = bench.train(recipe, seed=seed, name=f"{size}-{draw}")
        return trial.curve.val["accuracy"][-1]

    def arm(bench: Bench, seed: int) -> Numbers:
        return {
            str(size): fmean(adapt(bench, seed, draw, size) for draw in range(DRAWS))
            for size in SIZES
        }

    return arm


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    colors = (COLORS[6], COLORS[0], COLORS[2], COLORS[1], COLORS[4])
    for arm, color in zip(_ADAPTED, colors, strict=True):
        all_found = [arms[arm] for arms in results.by_seed.values()]
        runs = [[100 * found[str(size)] for size in SIZES] for found in all_found]
        line = "--" if arm in (_RANDOM, _ALL) else "-"
        draw_seeds(axes, SIZES, runs, color=color, name=arm, line=line)
    axes.set_xscale("log")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.legend()
    title = "digits 7 to 9, after a training on 0 to 6"
    label(axes, "examples of each class", "validation accuracy (%)", title)


def _gain(arm: str, size: int, other: str = _SCRATCH) -> Callable[[Arms], float]:
    def gain(arms: Arms) -> float:
        return 100 * (arms[arm][str(size)] - arms[other][str(size)])

    return gain


def _best_gain(arms: Arms) -> float:
    return max(_gain(_FROZEN, SIZES[0])(arms), _gain(_TUNED, SIZES[0])(arms))


EXPERIMENT = Experiment(
    name="transfer",
    claim="With very few examples it is best to keep the layers of a network that learned "
    "something similar, and with many to train all layers.",
    source='Li, Adeli and Durante, CS231n, 2024, lecture 6, "Transfer learning"; Yosinski '
    "et al., 2014",
    arms={name: _arm(*setting) for name, setting in _ADAPTED.items()},
    requirements=(
        Requirement(
            text="with one example of a class the better of the two transfers gains more than "
            "3 points over a start from scratch",
            value=_best_gain,
            above=3.0,
            where="mean",
        ),
        Requirement(
            text=f"with {SIZES[-1]} examples the last layer alone is worse than all layers "
            "from scratch (difference in points)",
            value=_gain(_FROZEN, SIZES[-1]),
            below=0.0,
            where="mean",
        ),
        Requirement(
            text="layers that learned from 7 to 9 too, in all their examples, gain more than "
            "3 points at one example, so that a gain would be seen",
            value=_gain(_ALL, SIZES[0]),
            above=3.0,
            where="mean",
            is_control=True,
        ),
    ),
    plot=_plot,
    note="Expected not to hold on digits of 8x8 pixels, where a start from scratch needs few "
    "examples; layers that learned 0 to 6 are hardly better to build on than random ones.",
)
