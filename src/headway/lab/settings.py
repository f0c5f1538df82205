"""The plain recipe that arms start from: nothing in it but what an experiment names."""

from pathlib import Path
from typing import Any

from headway.recipe import Recipe, load_recipe

NETWORKS = Path(__file__).parent / "networks.py"
_MANY_EPOCHS = 100_000


def plain_recipe(
    source: str | Path,
    model: str,
    *,
    steps: int,
    batch_size: int,
    lr: float,
    options: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
) -> Recipe:
    """Return SGD at a constant rate without momentum, decay, augmentation or averaging.

    Args:
        source: Data; a third of what has no validation part of its own becomes that.
        model: Network; a name without a dot that is a function of the lab's own networks
            is written `lab:NAME`.
        steps: Optimizer steps.
        batch_size: Samples of a step.
        lr: Learning rate.
        options: Options of the network.
        settings: Any other settings by path, such as {"optimizer.name": "adam"}.
    """
    name = f"{NETWORKS}:{model.removeprefix('lab:')}" if model.startswith("lab:") else model
    values: dict[str, Any] = {
        "name": "default",
        "data.source": str(source),
        "data.test_fraction": 0.0,
        "data.val_fraction": 1 / 3,
        "augmentation.flip": False,
        "augmentation.crop_padding": 0,
        "model.name": name,
        "model.options": options or {},
        "optimizer.name": "sgd",
        "optimizer.lr": lr,
        "optimizer.momentum": 0.0,
        "optimizer.nesterov": False,
        "optimizer.weight_decay": 0.0,
        "schedule.name": "constant",
        "training.epochs": _MANY_EPOCHS,
        "training.max_steps": steps,
        "training.batch_size": batch_size,
        "training.average": "none",
        "precision.mode": "off",
        "machine.threads": 1,
        "checkpointing.every_seconds": 1e9,
        "checkpointing.keep": 1,
        "logging.check": False,
        "logging.watch": False,
    }
    return load_recipe("default", settings={**values, **(settings or {})})
