"""Start a network from what another run has learned."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from headway.engine import load, load_newest
from headway.errors import CheckpointError, ModelError
from headway.runs import Run

Weights = Literal["best", "last"]


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What a network took over from a run.

    Attributes:
        run: Folder of the run.
        loaded: Names of the tensors that were taken over.
        new: Names of the tensors that keep the start they had.
    """

    run: Path
    loaded: tuple[str, ...]
    new: tuple[str, ...]


def run_weights(run: Run, weights: Weights = "best") -> dict[str, Any]:
    """Return "model" and "preprocessing" of a run as it left them.

    Averaged weights come in the place of the trained ones where the run kept an average.

    Args:
        run: The run.
        weights: The best snapshot by validation, or the state of the newest checkpoint.

    Raises:
        CheckpointError: If no whole checkpoint is left.
    """
    folder = run.folder / "checkpoints"
    best = folder / "best.safetensors"
    if weights == "best" and best.exists():
        return _load_best(best)
    tree = load_newest(folder)[1]
    if tree["average"] is not None:
        tree["model"] |= tree["average"]["averages"]
    return tree


@torch.no_grad()
def start_from_(model: nn.Module, run: Run, *, weights: Weights = "best") -> Transfer:
    """Copy the weights of a run into `model`, in place, where name and shape agree.

    Args:
        model: Network with fresh weights; what does not fit keeps them.
        run: Where the weights come from.
        weights: The best snapshot by validation, or the state of the newest checkpoint.

    Raises:
        CheckpointError: If no whole checkpoint is left.
        ModelError: If not one parameter fits.

    Reference:
        Yosinski et al., "How transferable are features in deep neural networks?", 2014.
        arXiv:1411.1792.
    """
    source = cast(dict[str, Tensor], run_weights(run, weights)["model"])
    own = cast(dict[str, Tensor], model.state_dict())
    fits = [n for n in own if n in source and source[n].shape == own[n].shape]
    if not set(fits) & {name for name, _ in model.named_parameters()}:
        raise ModelError(
            f"model.init_from: no weight of {run.folder} fits this network: the names or "
            f"shapes of all layers differ. It was trained as {_model_name(run)}"
        )
    for name in fits:
        own[name].copy_(source[name])
    new = tuple(name for name in own if name not in set(fits))
    return Transfer(run=run.folder, loaded=tuple(fits), new=new)


def _load_best(path: Path) -> dict[str, Any]:
    try:
        return load(path)
    except CheckpointError as error:
        raise CheckpointError(
            f"{error}; restore it from a copy, or take the newest state with --weights last"
        ) from error


def _model_name(run: Run) -> str:
    return str(run.recipe.get("model", {}).get("name", "another network"))
