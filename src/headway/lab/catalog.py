"""All experiments by name; each is loaded when it is asked for."""

import importlib

from headway.errors import InputError, did_you_mean
from headway.lab.experiment import Experiment

# In the order of the lab's pages; a file of `experiments` has the name with underscores.
NAMES: tuple[str, ...] = (
    "degradation",
    "he-initialization",
    "activation-statistics",
    "vanishing-gradients",
    "fixup",
    "zero-init",
    "smart-relu",
    "dying-relu",
    "selu",
    "lsuv",
    "saxe",
    "imagenet-depth",
    "parameter-counts",
    "shortcuts",
    "gradient-checks",
    "convolution",
    "fooling-images",
    "bottleneck-projections",
    "bottleneck-time",
    "maxout",
    "relu-6x",
    "initial-loss",
    "lenet-and-fully-connected",
    "gates",
    "fractional-pooling",
    "neural-style",
    "gradient-clipping",
    "loss-cliff",
    "optimizers",
    "zig-zag",
    "procedure",
    "random-search",
    "lottery-ticket",
    "transfer",
    "gated-recurrence",
    "batch-norm",
    "batch-norm-speed-up",
    "dropout",
    "dropout-networks",
    "augmentation",
    "early-stopping",
    "regularizers",
    "preprocessing",
    "ensemble",
    "learning-curves",
    "cifar-degradation",
    "cifar-1202",
)


def load_experiment(name: str) -> Experiment:
    """Return an experiment.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in NAMES:
        raise InputError(
            f"there is no experiment {name!r}.{did_you_mean(name, NAMES)} "
            "`headway lab list` shows all"
        )
    module = importlib.import_module(f"headway.lab.experiments.{name.replace('-', '_')}")
    return module.EXPERIMENT


def names_of(*, full: bool) -> tuple[str, ...]:
    """Return the names of all experiments, those in a paper's own setting only if `full`."""
    return tuple(name for name in NAMES if full or load_experiment(name).scale == "quick")
