"""A trained network as a run left it: weights, preprocessing and task in one piece."""

from dataclasses import dataclass
from typing import Any, cast

import msgspec
import torch
from torch import Tensor, nn

from headway.data import DataInfo, Preprocessing, build_preprocessing
from headway.engine import (
    Precision,
    autocast,
    load_weights,
    resolve_device,
    resolve_precision,
)
from headway.errors import RunError
from headway.jobs.places import without_pretraining
from headway.models import build_model
from headway.recipe import Recipe, Weights, recipe_from_dict, run_weights
from headway.runs import Run
from headway.tasks import AnyTask, restore_task


@dataclass(frozen=True, kw_only=True)
class Network:
    """What a run has learned, ready to use.

    Attributes:
        model: The network in evaluation mode, on `device`.
        preprocessing: What raw inputs go through first.
        task: Turns outputs into predictions and metrics.
        info: The data it was trained on.
        recipe: The settings it was trained with.
        precision: Number format that it was trained in, where the device has it.
        device: Where it lies.
    """

    model: nn.Module
    preprocessing: Preprocessing
    task: AnyTask
    info: DataInfo
    recipe: Recipe
    precision: Precision
    device: torch.device

    @torch.no_grad()
    def outputs(self, inputs: Tensor) -> Tensor:
        """Return what the network says about raw inputs, in float32 or better."""
        prepared = self.preprocessing(inputs.to(self.device))
        if self.precision.channels_last is True and prepared.ndim == 4:
            prepared = prepared.contiguous(memory_format=torch.channels_last)
        with autocast(self.precision, self.device):
            outputs = self.model(prepared)
        return outputs if outputs.dtype == torch.float64 else outputs.float()


def load_network(run: Run, *, weights: Weights = "best", device: str = "auto") -> Network:
    """Rebuild the network of a run from its record; no data and no stored code is needed.

    Args:
        run: The run.
        weights: The best snapshot by validation, or the state of the newest checkpoint.
        device: Where to put it.

    Raises:
        RunError: If the record does not describe a network.
        CheckpointError: If no whole checkpoint is left.
    """
    recipe = without_pretraining(recipe_from_dict(run.recipe), run.folder)
    info = _info(run)
    tree = run_weights(run, weights)
    where = resolve_device(device)
    model = build_model(
        recipe.model.name,
        input_shape=info.input_shape,
        num_outputs=info.num_outputs,
        options=recipe.model.options,
    )
    load_weights(model, tree["model"])
    preprocessing = build_preprocessing(
        cast(Any, recipe.preprocessing.kind), info.input_shape
    )
    load_weights(preprocessing, tree["preprocessing"])
    model = model.to(where).eval()
    return Network(
        model=model,
        preprocessing=preprocessing.to(where),
        task=restore_task(info, run.environment["task"]),
        info=info,
        recipe=recipe,
        precision=resolve_precision(recipe.precision, where, model),
        device=where,
    )


def _info(run: Run) -> DataInfo:
    try:
        return msgspec.convert(run.environment["data"], DataInfo)
    except (KeyError, msgspec.ValidationError) as error:
        raise RunError(
            f"{run.folder} does not say what data it was trained on ({error}); "
            "it was not written by `headway train`"
        ) from error
