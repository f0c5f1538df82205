"""The lines of layers.jsonl: what the layers of a network did in one step of its training.

A line with "layers" names them in the order of depth, and each line below it is one step: a
list for each kind of number, with null where a layer has none.
"""

import json
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

LAYER_NUMBERS = (
    "activation_std",
    "dead_fraction",
    "saturated_fraction",
    "grad_norm",
    "update_ratio",
)
# JSON lacks some numbers.
Numbers = list[float | Literal["nan", "inf", "-inf"] | None]
_DIGITS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerRow:
    """Numbers of one layer at one step.

    Attributes:
        name: Name of the layer.
        kind: What it does, such as "convolution".
        numbers: Those of `LAYER_NUMBERS` that it has.
    """

    name: str
    kind: str
    numbers: Mapping[str, float]


class _Layer(msgspec.Struct):
    name: str
    kind: str


class LayerLine(msgspec.Struct, kw_only=True):
    """A line: names of layers, or what they did in one step.

    Attributes:
        layers: The layers, None in the line of a step.
        step: Optimizer steps done.
        time: When it was written, in unix seconds.
    """

    layers: list[_Layer] | None = None
    step: int = 0
    time: float = 0.0
    activation_std: Numbers = []
    dead_fraction: Numbers = []
    saturated_fraction: Numbers = []
    grad_norm: Numbers = []
    update_ratio: Numbers = []

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each layer by its name."""
        return {layer.name: layer.kind for layer in self.layers or ()}

    def numbers(self, key: str) -> Numbers:
        """Return the numbers of one kind, one for each layer."""
        return getattr(self, key)

    def fits(self, num_layers: int) -> bool:
        """Whether each list has a place for each of so many layers."""
        return all(len(self.numbers(key)) == num_layers for key in LAYER_NUMBERS)


def encode_header(kinds: Mapping[str, str]) -> bytes:
    """Return the line that names layers and their kinds."""
    layers = [{"name": name, "kind": kind} for name, kind in kinds.items()]
    return _encode({"layers": layers})


def encode_sample(step: int, names: Iterable[str], rows: Iterable[LayerRow]) -> bytes:
    """Return the line of one step, with a place for each of `names`."""
    known = {row.name: row.numbers for row in rows}
    found = [known.get(name, {}) for name in names]
    lists = {key: [_short(row.get(key)) for row in found] for key in LAYER_NUMBERS}
    return _encode({"step": step, "time": time.time(), **lists})


def read_layer_lines(path: Path) -> Iterator[tuple[bytes, LayerLine | None]]:
    """Yield each line of a file with what it says, None where it is damaged.

    A step that does not fit the names above it is damaged, too. A last line without its
    newline is still being written, and is left out.
    """
    num_layers = -1
    for text in path.read_bytes().splitlines(keepends=True):
        if not text.endswith(b"\n"):
            return
        try:
            line = _DECODER.decode(text)
        except ValueError:
            yield text, None
            continue
        if line.layers is not None:
            num_layers = len(line.layers)
        yield text, line if line.layers is not None or line.fits(num_layers) else None


_DECODER = msgspec.json.Decoder(LayerLine)


def merged(known: Iterable[str], new: Iterable[str]) -> list[str]:
    """Return all names in order: each new one behind that which it follows among the new.

    Example:
        >>> merged(["a", "d"], ["a", "b", "c", "d"])
        ['a', 'b', 'c', 'd']
    """
    order = list(known)
    places = set(order)
    following: defaultdict[str, list[str]] = defaultdict(list)
    before = ""
    for name in new:
        if name in places:
            before = name
        else:
            following[before].append(name)
    return [*following[""], *(each for name in order for each in (name, *following[name]))]


def _short(value: float | None) -> float | str | None:
    if value is None:
        return None
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else str(value)


def _encode(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"
