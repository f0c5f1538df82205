"""Apply trained networks to files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from headway.data import build_views, read_inputs
from headway.errors import InputError
from headway.jobs.combining import Names, answers, combined, load_members
from headway.jobs.continuing import continue_file
from headway.jobs.network import Network
from headway.recipe import Weights

_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the network says about one sample.

    Attributes:
        file: Where the sample came from; with its row for files of many samples.
        values: Probability by class, most likely first; or value by target.
        text: How the network goes on with a text; "" for other kinds of data.
    """

    file: str
    values: dict[str, float]
    text: str = ""


def predict(
    run: Names,
    files: Sequence[str | Path],
    *,
    weights: Weights = "best",
    views: str = "none",
    top: int = 3,
) -> list[Prediction]:
    """Return the predictions of a run's network for image files, arrays or tables.

    Several runs, or an ensemble, answer with the mean of their probabilities (of their
    values, in regression).

    Args:
        run: Run folder or ensemble folder, or its name below runs/; or several.
        files: Images, .npy arrays of samples, tables with the columns of the training, or
            texts to go on with.
        weights: The best snapshot by validation, or the state of the newest checkpoint.
        views: Views of each image that answers are averaged over; see `build_views`.
        top: Classes to name for each sample; all of them where 0.

    Raises:
        InputError: If `top` is negative, or there are no such views of these inputs.
        RunError: If there is no such run, or several cannot answer together.
        DataError: If a file cannot be read or does not fit the network.

    Example:
        >>> predict("runs/pets", ["cat.jpg"])  # doctest: +SKIP
        [Prediction(file='cat.jpg', values={'cat': 0.97, 'dog': 0.03})]
    """
    if top < 0:
        raise InputError(f"top must be 0 or more classes, got {top}; 0 names all of them")
    networks = load_members(run, weights=weights)[1]
    first = networks[0]
    if first.info.kind == "tokens":
        return [
            Prediction(file=str(file), values={}, text=continue_file(networks, Path(file)))
            for file in files
        ]
    seen = build_views(views, first.info.input_shape)
    predictions: list[Prediction] = []
    for file in files:
        names, inputs = read_inputs(Path(file), first.info)
        for start in range(0, len(inputs), _BATCH):
            batch = inputs[start : start + _BATCH]
            together = combined(first, answers(networks, batch, seen))
            outputs = first.task.predict(together).cpu()
            rows = zip(names[start : start + _BATCH], outputs, strict=True)
            predictions += [
                Prediction(file=name, values=_by_name(row, first, top))
                for name, row in rows
            ]
    return predictions


def _by_name(row: Tensor, network: Network, top: int) -> dict[str, float]:
    info = network.info
    if not info.classes:
        return dict(zip(info.target_names, row.tolist(), strict=True))
    ranked = row.argsort(descending=True).tolist()
    return {info.classes[i]: float(row[i]) for i in ranked[: top or None]}
