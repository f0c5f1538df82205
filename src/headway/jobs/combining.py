"""The answer of several networks to one question."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from headway.data import Views
from headway.errors import RunError
from headway.jobs.network import Network, load_network
from headway.recipe import Weights
from headway.runs import Run, open_runs
from headway.tasks import task_settings

Names = str | Path | Sequence[str | Path]


def load_members(
    runs: Names, *, weights: Weights = "best"
) -> tuple[list[Run], list[Network]]:
    """Return the runs of these names and their networks, which all answer one question.

    Args:
        runs: A run or an ensemble, or several: folders, or their names below runs/.
        weights: The best snapshot by validation, or the state of the newest checkpoint.

    Raises:
        RunError: If there is no such run, or the networks take other inputs or give other
            outputs.
    """
    names = [runs] if isinstance(runs, str | Path) else list(runs)
    found = open_runs(names)
    if not found:
        raise RunError("no run is named; give at least one")
    networks = [load_network(run, weights=weights) for run in found]
    for run, network in zip(found[1:], networks[1:], strict=True):
        _check_same_question(found[0], networks[0], run, network)
    return found, networks


def answers(
    networks: Sequence[Network],
    inputs: Shaped[Tensor, "batch *sample"],
    views: Views,
    *,
    draws: int = 1,
) -> list[Tensor]:
    """Return the outputs of each network for raw inputs, as the mean over views and draws.

    Args:
        networks: Networks, whose dropout may draw.
        inputs: Samples.
        views: What to show of each image.
        draws: How often each view is answered.
    """
    outputs: list[list[Tensor]] = [[] for _ in networks]
    weights: list[float] = []
    for view, weight in views(inputs):
        weights += [weight / draws] * draws
        for network, its in zip(networks, outputs, strict=True):
            its += [network.outputs(view) for _ in range(draws)]
    return [
        combined(network, its, weights)
        for network, its in zip(networks, outputs, strict=True)
    ]


def combined(
    network: Network,
    outputs: Sequence[Float[Tensor, "batch *outputs"]],
    weights: Sequence[float] | None = None,
) -> Float[Tensor, "batch *outputs"]:
    """Return outputs whose prediction is the mean of the predictions of `outputs`."""
    if len(outputs) == 1:
        return outputs[0]
    return network.task.combine(torch.stack(list(outputs)), weights)


def _check_same_question(run: Run, network: Network, other: Run, its: Network) -> None:
    for what, get in _QUESTIONS.items():
        one, two = get(network), get(its)
        if one != two:
            raise RunError(
                f"{run.folder} and {other.folder} cannot answer together: they differ in "
                f"{what}, {_short(one)} and {_short(two)}"
            )


_QUESTIONS: dict[str, Callable[[Network], Any]] = {
    "their kind of data": lambda network: network.info.kind,
    "the shape of a sample": lambda network: network.info.input_shape,
    "their features": lambda network: network.info.feature_names,
    "their task": lambda network: network.info.task,
    "their classes": lambda network: network.info.classes,
    "their targets": lambda network: network.info.target_names,
    "the mean and spread of their targets": lambda network: task_settings(network.task),
}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
