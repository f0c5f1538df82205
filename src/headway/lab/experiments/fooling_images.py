"""Images that a trained network is sure of, and that are none of its digits.

No network learns here from the images: they are evolved by mutation and selection, with the
network as the judge.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from headway.data import ArraySplit
from headway.jobs.network import Network, load_network
from headway.lab.bench import Bench
from headway.lab.experiment import Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.settings import plain_recipe
from headway.recipe import read_data

# Of the paper: a tenth of the pixels mutates, by a polynomial of strength 15.
_RATE, _STRENGTH = 0.1, 15.0
POPULATION, GENERATIONS = 100, 300
CERTAIN = 0.9999
_RECIPE = plain_recipe(
    "digits",
    "lab:convnet",
    steps=400,
    batch_size=60,
    lr=0.05,
    settings={"optimizer.momentum": 0.9, "model.initialization": "he"},
)


def _trained(bench: Bench, seed: int) -> tuple[Network, float]:
    trial = bench.train(_RECIPE, seed=seed)
    network = load_network(trial.run, weights="last", device=bench.device)
    return network, trial.curve.val["accuracy"][-1]


def _confidence(network: Network, images: Tensor) -> Tensor:
    pixels = images.round().to(torch.uint8)
    return network.outputs(pixels).softmax(dim=1).cpu()


def _mutate(images: Tensor, generator: torch.Generator) -> Tensor:
    """Change a tenth of the pixels, mostly by little (Deb's polynomial mutation)."""
    draws = torch.rand(images.shape, generator=generator)
    power = 1 / (_STRENGTH + 1)
    less = (2 * draws) ** power - 1
    more = 1 - (2 * (1 - draws)) ** power
    change = 255 * torch.where(draws < 0.5, less, more)
    chosen = torch.rand(images.shape, generator=generator) < _RATE
    return (images + change * chosen).clamp(0, 255)


def _noise(count: int, generator: torch.Generator) -> Tensor:
    return 255 * torch.rand(count, 1, 8, 8, generator=generator)


def _best(
    network: Network, images: Tensor, elites: Tensor, sure: Tensor
) -> tuple[Tensor, Tensor]:
    """Keep for each class the image of which the network is surest."""
    best, index = _confidence(network, images).max(dim=0)
    is_better = best > sure
    kept = torch.where(is_better[:, None, None, None], images[index], elites)
    return kept, torch.where(is_better, best, sure)


def _search(bench: Bench, seed: int, *, evolves: bool) -> Numbers:
    network, accuracy = _trained(bench, seed)
    generator = torch.Generator().manual_seed(seed)
    elites, sure = torch.zeros(10, 1, 8, 8), torch.zeros(10)
    history: list[list[float]] = []
    for generation in range(GENERATIONS):
        images = _noise(POPULATION, generator)
        if evolves and generation:
            parents = torch.randint(10, (POPULATION,), generator=generator)
            images = _mutate(elites[parents], generator)
        elites, sure = _best(network, images, elites, sure)
        history.append(sure.tolist())
    return {
        "accuracy": accuracy,
        "confidence": history,
        "images": elites.round().flatten(1).int().tolist(),
        "distances": _nearest(elites, _digits("train")).tolist(),
    }


def _digits(part: str) -> Tensor:
    split = cast(ArraySplit, getattr(read_data(_RECIPE), part))
    return split.inputs.float()


def _nearest(images: Tensor, others: Tensor) -> Tensor:
    """Return for each image the root of the summed squared differences to the nearest."""
    return torch.cdist(images.flatten(1), others.flatten(1)).min(dim=1).values


def _digits_arm(bench: Bench, seed: int) -> Numbers:
    digits, others = _digits("val"), _digits("train")
    distances = _nearest(digits, others).tolist()
    nearest = [float(np.quantile(distances, 0.99))]
    images = [digits[i].flatten().int().tolist() for i in range(10)]
    return {"distances": distances, "quantile": nearest[0], "images": images}


def _num_certain(arm: str) -> Callable[[Arms], float]:
    return lambda arms: sum(sure >= CERTAIN for sure in arms[arm]["confidence"][-1])


def _farther(arms: Arms) -> float:
    return min(arms["evolved"]["distances"]) / arms["digits"]["quantile"]


def _plot(figure: Figure, results: Results) -> None:
    parts: Any = figure.subfigures(2, 1, height_ratios=(1, 2.6))
    top, bottom = parts
    grid = top.subplots(1, 10)
    evolved = results.first("evolved")
    for digit, axes in enumerate(grid):
        axes.imshow(np.reshape(evolved["images"][digit], (8, 8)), cmap="gray")
        axes.set_axis_off()
        axes.set_title(f'"{digit}"', fontsize=9)
    top.suptitle("Images of which the network is sure (the first seed)", fontsize=10)
    left, right = bottom.subplots(1, 2)
    for arm, color in zip(("evolved", "random"), COLORS, strict=False):
        for number, history in enumerate(results.values(arm, "confidence")):
            doubt = [max(1 - min(sure), 1e-7) for sure in history]
            name = "" if number else arm
            left.loglog(range(1, 1 + len(doubt)), doubt, color=color, label=name)
    left.axhline(1 - CERTAIN, color="black", linestyle="--", linewidth=1)
    left.legend()
    label(left, f"generation ({POPULATION} images each)", "1 - confidence", "Hardest class")
    distances = [results.values(arm, "distances") for arm in ("digits", "evolved")]
    for name, each, color in zip(
        ("held-out digits", "evolved images"), distances, COLORS[2::-2], strict=True
    ):
        right.hist(
            np.concatenate(each), 30, range=(0, 1500), density=True, color=color, label=name
        )
    right.set_ylim(top=1.35 * right.get_ylim()[1])
    right.legend(loc="upper right")
    label(
        right,
        "distance to the nearest training digit",
        "density",
        "Far from data",
    )


EXPERIMENT = Experiment(
    name="fooling-images",
    claim="Images that resemble no digit make a good network 99.99 % sure of each class.",
    source='Nguyen et al., "Deep Neural Networks are Easily Fooled", 2015, figure 1',
    arms={
        "evolved": lambda bench, seed: _search(bench, seed, evolves=True),
        "random": lambda bench, seed: _search(bench, seed, evolves=False),
        "digits": _digits_arm,
    },
    requirements=(
        Requirement(
            text="the network names over 95 % of the held-out digits correctly",
            value=lambda arms: arms["evolved"]["accuracy"],
            above=0.95,
        ),
        Requirement(
            text="it is at least 99.99 % sure of an evolved image in all 10 classes",
            value=_num_certain("evolved"),
            above=9.5,
        ),
        Requirement(
            text="as many random images, without selection, reach that in fewer than 10",
            value=_num_certain("random"),
            below=9.5,
            is_control=True,
        ),
        Requirement(
            text="each lies farther from all digits than 99 % of the held-out digits do",
            value=_farther,
            above=1.0,
        ),
    ),
    plot=_plot,
    size=(8.0, 5.5),
)
