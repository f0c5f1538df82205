"""A pruned network that goes back to its first weights learns faster than the whole one."""

from collections.abc import Mapping

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from headway.jobs.network import load_network
from headway.lab.bench import Bench
from headway.lab.experiment import Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.models.mlp import Mlp
from headway.nn import prune_, rewind_, sparsity
from headway.tune import Trial

HIDDEN, STEPS, ROUNDS, FRACTION = (300, 100), 200, 12, 0.2
# Rounds after which 17 % and 7 % of the weights are left, where most is asked.
TICKET, SMALL = 8, 12
REDRAWN = (2, 4, 6, TICKET, 10, SMALL)
_OTHER_SEED = 10_000
_WHOLE = "whole network"


def _fresh(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return prune_(Mlp(64, 10, hidden=HIDDEN), 0.0)


def _train(bench: Bench, seed: int, name: str, model: nn.Module) -> tuple[Numbers, Trial]:
    """Train from the weights and masks of `model`; 19 steps are one pass over the data."""
    start = bench.folder / "data" / f"{name}-seed-{seed}.pt"
    start.parent.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), start)
    recipe = plain_recipe(
        "digits",
        "lab:pruned_mlp",
        steps=STEPS,
        batch_size=60,
        lr=1.2e-3,
        options={"hidden": list(HIDDEN), "start": str(start)},
        settings={"optimizer.name": "adam"},
    )
    trial = bench.train(recipe, seed=seed, name=name)
    accuracy = trial.curve.val["accuracy"]
    left = 1.0 - sparsity(model)
    return {"left": left, "steps": trial.curve.eval_steps, "accuracy": accuracy}, trial


def _redrawn(pruned: nn.Module, seed: int) -> nn.Module:
    """Return the same masks over other first weights."""
    model = _fresh(seed + _OTHER_SEED)
    masks = {k: v for k, v in pruned.state_dict().items() if k.endswith("mask")}
    model.load_state_dict({**model.state_dict(), **masks})
    return model


def _tickets(bench: Bench, seed: int) -> Numbers:
    """Train, prune, go back to the first weights, and again; redraw them for comparison."""
    model = _fresh(seed)
    start: Mapping[str, Tensor] = {k: v.clone() for k, v in model.state_dict().items()}
    numbers, trial = _train(bench, seed, "round-0", model)
    found: dict[str, Numbers] = {_WHOLE: numbers}
    for number in range(1, ROUNDS + 1):
        model = prune_(
            load_network(trial.run, weights="last", device="cpu").model, FRACTION
        )
        rewind_(model, start)
        numbers, trial = _train(bench, seed, f"round-{number}", model)
        found[f"ticket {number}"] = numbers
        if number in REDRAWN:
            redrawn = _redrawn(model, seed)
            found[f"redrawn {number}"], _ = _train(
                bench, seed, f"redrawn-{number}", redrawn
            )
    return found


def _accuracy(arms: Arms, name: str, evaluation: int = 0) -> float:
    return 100 * arms["tickets"][name]["accuracy"][evaluation]


_SHOWN = {
    _WHOLE: ("whole network", COLORS[6]),
    f"ticket {TICKET}": ("17 % of it, first weights", COLORS[0]),
    f"redrawn {TICKET}": ("17 % of it, other weights", COLORS[1]),
}


def _draw_curves(axes: Axes, results: Results) -> None:
    for name, (words, color) in _SHOWN.items():
        runs = [
            found[name]["accuracy"]
            for found in [arms["tickets"] for arms in results.by_seed.values()]
        ]
        steps = results.first("tickets")[name]["steps"]
        draw_seeds(axes, steps, _percent(runs), color=color, name=words)
    axes.legend()
    label(axes, "step", "validation accuracy (%)", "the same masks, two starts")


def _draw_sizes(axes: Axes, results: Results) -> None:
    names = [_WHOLE, *(f"ticket {n}" for n in range(1, ROUNDS + 1))]
    redrawn = [_WHOLE, *(f"redrawn {n}" for n in REDRAWN)]
    for group, words, color in (
        (names, "first weights", COLORS[0]),
        (redrawn, "other weights", COLORS[1]),
    ):
        all_found = [arms["tickets"] for arms in results.by_seed.values()]
        left = [100 * all_found[0][name]["left"] for name in group]
        runs = [[found[name]["accuracy"][0] for name in group] for found in all_found]
        draw_seeds(axes, left, _percent(runs), color=color, name=words)
    axes.set_xscale("log")
    axes.set_xticks([100, 50, 20, 10], ["100", "50", "20", "10"])
    axes.set_xticks([], minor=True)
    axes.invert_xaxis()
    axes.legend(loc="lower left")
    label(axes, "weights left (%)", "accuracy after 19 steps (%)", "after one pass")


def _percent(runs: list[list[float]]) -> list[list[float]]:
    return [[100 * value for value in run] for run in runs]


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    _draw_curves(left, results)
    _draw_sizes(right, results)


EXPERIMENT = Experiment(
    name="lottery-ticket",
    claim="A network pruned to 17 % of its weights learns faster than the whole one if it goes "
    "back to its first weights, and slower from other ones.",
    source='Frankle and Carbin, "The Lottery Ticket Hypothesis", 2019, figures 1 and 3',
    arms={"tickets": _tickets},
    requirements=(
        Requirement(
            text="after 19 steps the ticket with 17 % of the weights is more accurate than the "
            "whole network (difference in points)",
            value=lambda arms: (
                _accuracy(arms, f"ticket {TICKET}") - _accuracy(arms, _WHOLE)
            ),
            above=0.0,
        ),
        Requirement(
            text="the same masks over other first weights are more than 10 points worse",
            value=lambda arms: (
                _accuracy(arms, f"ticket {TICKET}") - _accuracy(arms, f"redrawn {TICKET}")
            ),
            above=10.0,
            is_control=True,
        ),
        Requirement(
            text="with 7 % of the weights the ticket is still over 2 points better after 200 "
            "steps than other weights",
            value=lambda arms: (
                _accuracy(arms, f"ticket {SMALL}", -1)
                - _accuracy(arms, f"redrawn {SMALL}", -1)
            ),
            above=2.0,
        ),
    ),
    plot=_plot,
    note="A perceptron 300-100 on digits, 200 steps of Adam a round, a fifth of the weights "
    "pruned each time, and a tenth in the last layer.",
)
