"""One network whose weights are the mean of the weights of several."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from headway.data import epoch_order
from headway.errors import RunError
from headway.jobs.loading import BATCH, raw_batches
from headway.jobs.network import Network
from headway.nn import recalibrate
from headway.recipe import read_data
from headway.runs import Run


@torch.no_grad()
def average_weights(runs: Sequence[Run], networks: Sequence[Network]) -> Network:
    """Return the network with the mean of the members' weights.

    w = mean(w_1, ..., w_n). The mean of two trained networks is a good network only if both
    came from the same start, so others are refused. The statistics of batch norms are
    gathered anew from the training data, which the mean network has never seen.

    Args:
        runs: Runs of the members.
        networks: Their networks.

    Raises:
        RunError: If the members differ in their network or in where they started.

    Reference:
        Wortsman et al., "Model soups", 2022, section 2 (uniform soup). arXiv:2203.05482;
        Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
        2018, section 3 (snapshots of one run; batch norm). arXiv:1803.05407.
    """
    _check_same_network(networks)
    _check_same_start(runs)
    first = networks[0]
    mean = copy.deepcopy(first.model)
    states = [network.model.state_dict() for network in networks]
    for name, tensor in mean.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(_mean([state[name] for state in states]))
    soup = replace(first, model=mean)
    recalibrate(mean, _training_inputs(soup))
    return soup


def _mean(tensors: list[Tensor]) -> Tensor:
    """Return the mean, added up in float64 so that equal weights stay what they are."""
    return torch.stack(tensors).double().mean(dim=0)


def _training_inputs(network: Network) -> Iterator[Tensor]:
    """Yield the training data as the network sees it, in random order."""
    train = read_data(network.recipe).train
    # One sample alone has no variance.
    count = len(train) - (len(train) % BATCH == 1)
    shuffled = train.select(epoch_order(0, 0, len(train))[:count])
    for batch in raw_batches(shuffled, network.device).batches():
        yield network.preprocessing(batch.inputs)


def _check_same_network(networks: Sequence[Network]) -> None:
    kinds: list[dict[str, Any]] = [
        {
            "model.name": network.recipe.model.name,
            "model.options": network.recipe.model.options,
            "preprocessing.kind": network.recipe.preprocessing.kind,
        }
        for network in networks
    ]
    for name, value in kinds[0].items():
        others = [kind[name] for kind in kinds if kind[name] != value]
        if others:
            raise RunError(
                f"the mean of weights needs networks of one kind, and {name} is {value!r} "
                f"and {others[0]!r}; average their predictions instead"
            )


def _check_same_start(runs: Sequence[Run]) -> None:
    by_folder = {str(run.folder.resolve()): run for run in runs}
    origins = [_origin(run, by_folder) for run in runs]
    for run, origin in zip(runs, origins, strict=True):
        if origin is None or origin != origins[0]:
            raise RunError(
                f"{runs[0].folder} and {run.folder} started from different weights, so that "
                "their mean is no trained network; average their predictions instead, or "
                "train both from one run with --set model.init_from=RUN"
            )


def _origin(run: Run, by_folder: dict[str, Run]) -> str | None:
    """Return a checksum of the start, before the members that a member went on from."""
    start = run.recipe.get("model", {}).get("init_from")
    if start in by_folder:
        return _origin(by_folder[start], by_folder)
    return run.environment.get("initial_weights")
