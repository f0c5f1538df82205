"""Apply a trained network to files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from headway.data import read_inputs
from headway.errors import InputError
from headway.jobs.network import Network, Weights, load_network
from headway.runs import open_run

_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the network says about one sample.

    Attributes:
        file: Where the sample came from; with its row for files of many samples.
        values: Probability by class, most likely first; or value by target.
    """

    file: str
    values: dict[str, float]


def predict(
    run: str | Path,
    files: Sequence[str | Path],
    *,
    weights: Weights = "best",
    top: int = 3,
) -> list[Prediction]:
    """Return the predictions of a run's network for image files, arrays or tables.

    Args:
        run: Run folder, or its name below runs/.
        files: Images, .npy arrays of samples, or tables with the columns of the training.
        weights: The best snapshot by validation, or the state of the newest checkpoint.
        top: Classes to name for each sample; all of them where 0.

    Raises:
        InputError: If `top` is negative.
        RunError: If there is no such run.
        DataError: If a file cannot be read or does not fit the network.

    Example:
        >>> predict("runs/pets", ["cat.jpg"])  # doctest: +SKIP
        [Prediction(file='cat.jpg', values={'cat': 0.97, 'dog': 0.03})]
    """
    if top < 0:
        raise InputError(f"top must be 0 or more classes, got {top}; 0 names all of them")
    network = load_network(open_run(run), weights=weights)
    predictions: list[Prediction] = []
    for file in files:
        names, inputs = read_inputs(Path(file), network.info)
        for start in range(0, len(inputs), _BATCH):
            outputs = network.predict(inputs[start : start + _BATCH])
            rows = zip(names[start : start + _BATCH], outputs, strict=True)
            predictions += [
                Prediction(file=name, values=_by_name(row, network, top))
                for name, row in rows
            ]
    return predictions


def _by_name(row: Tensor, network: Network, top: int) -> dict[str, float]:
    info = network.info
    if not info.classes:
        return dict(zip(info.target_names, row.tolist(), strict=True))
    ranked = row.argsort(descending=True).tolist()
    return {info.classes[i]: float(row[i]) for i in ranked[: top or None]}
