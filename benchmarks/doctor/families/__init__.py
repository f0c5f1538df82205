"""Families of healthy programs: plain PyTorch, in the styles that people write it in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from families import dense, fresh, sequences, special, values, vision

Make = Callable[..., dict[str, Any]]
Split = Literal[
    "development",
    "held-out",
    "fresh",
    "newest",
    "latest",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
]


@dataclass(frozen=True)
class Family:
    """A healthy program with knobs, keyword arguments of `make` besides the seed.

    Attributes:
        make: `make(seed, **knobs)` gives the program as a dict.
        split: Which part of the benchmark it belongs to, fixed before anything was measured.
        chance: The metric of an answer that ignores the inputs.
    """

    make: Make
    split: Split
    chance: float


FAMILIES = {
    "mlp": Family(dense.mlp, "development", 0.1),
    "deep_relu": Family(dense.deep_relu, "development", 0.1),
    "spirals": Family(dense.spirals, "development", 0.34),
    "cnn": Family(vision.cnn, "development", 0.1),
    "preactivation": Family(vision.preactivation, "development", 0.1),
    "segmentation": Family(vision.segmentation, "development", 0.8),
    "regression": Family(values.regression, "development", 0.0),
    "autoencoder": Family(values.autoencoder, "development", 0.0),
    "gru": Family(sequences.gru, "development", 0.0),
    "characters": Family(sequences.characters, "development", 0.18),
    "embedding": Family(sequences.embedding, "development", 0.5),
    "accumulation": Family(special.accumulation, "development", 0.1),
    "tanh_mlp": Family(dense.tanh_mlp, "held-out", 0.63),
    "selu": Family(dense.selu, "held-out", 0.1),
    "multilabel": Family(dense.multilabel, "held-out", 0.55),
    "wine": Family(dense.wine, "held-out", 0.4),
    "resnet": Family(vision.resnet, "held-out", 0.1),
    "vgg": Family(vision.vgg, "held-out", 0.1),
    "friedman": Family(values.friedman, "held-out", 0.0),
    "sine": Family(values.sine, "held-out", 0.0),
    "lstm": Family(sequences.lstm, "held-out", 0.1),
    "transformer": Family(sequences.transformer, "held-out", 0.1),
    "adding": Family(sequences.adding, "held-out", 0.0),
    "fine_tuning": Family(special.fine_tuning, "held-out", 0.5),
    "two_inputs": Family(special.two_inputs, "held-out", 0.5),
    "mixer": Family(fresh.mixer, "fresh", 0.1),
    "forecast": Family(fresh.forecast, "fresh", 0.0),
    "measures": Family(fresh.measures, "fresh", 0.0),
    "siamese": Family(fresh.siamese, "fresh", 0.5),
    "convnext": Family(fresh.convnext, "fresh", 0.1),
}
