"""The reader of layers.jsonl: numbers of layers over the steps of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headway.runs.layers import LAYER_NUMBERS, LayerLine, merged, read_layer_lines
from headway.runs.schema import LAYERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LayerCourse:
    """Numbers of all layers over the steps of a run.

    Attributes:
        kinds: Kind of each layer by its name, in the order of depth.
        steps: Steps that were looked at.
        times: When that was, in unix seconds.
        numbers: For each of `LAYER_NUMBERS` a row for each layer and a column for each step;
            NaN where there is no number.
        damaged_lines: Numbers, from 1, of the lines that say nothing.
    """

    kinds: Mapping[str, str]
    steps: tuple[int, ...]
    times: tuple[float, ...]
    numbers: Mapping[str, "NDArray[np.float32]"]
    damaged_lines: tuple[int, ...]


def read_layers(folder: Path) -> LayerCourse | None:
    """Return what is in layers.jsonl of the run in `folder`, None where there is no such file.

    A last line without its newline is still being written, and does not count.
    """
    path = folder / LAYERS
    if not path.exists():
        return None
    kinds: dict[str, str] = {}
    names: list[str] = []
    samples: list[tuple[list[str], LayerLine]] = []
    damaged: list[int] = []
    for number, (_, line) in enumerate(read_layer_lines(path), start=1):
        if line is None:
            damaged.append(number)
        elif line.layers is None:
            samples.append((names, line))
        else:
            names, known = list(line.kinds), line.kinds | kinds
            kinds = {name: known[name] for name in merged(kinds, names)}
    return LayerCourse(
        kinds=kinds,
        steps=tuple(line.step for _, line in samples),
        times=tuple(line.time for _, line in samples),
        numbers=_arrays(list(kinds), samples),
        damaged_lines=tuple(damaged),
    )


def _arrays(
    names: list[str], samples: list[tuple[list[str], LayerLine]]
) -> dict[str, "NDArray[np.float32]"]:
    import numpy as np  # only where numbers are looked at: listing runs is to be quick

    rows = {name: row for row, name in enumerate(names)}
    shape = (len(names), len(samples))
    arrays = {key: np.full(shape, np.nan, np.float32) for key in LAYER_NUMBERS}
    for column, (own_names, line) in enumerate(samples):
        places = [rows[name] for name in own_names]
        for key, array in arrays.items():
            array[places, column] = np.array(line.numbers(key), dtype=np.float32)
    return arrays
