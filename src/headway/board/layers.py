"""Numbers of every layer over the course of a run, as pictures of depth by time."""

import base64
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from headway.board.files import Damage, Stamp, stamp_of
from headway.board.memory import Memory
from headway.board.record import RunFiles
from headway.runs import LAYERS, LayerCourse, read_layers

Array = np.ndarray
Scale = Literal["log", "linear"]
_MISSING = 65535
_STEPS = 65534
# Ten times what the record lets it grow to.
_LARGEST_BYTES = 160 << 20


@dataclass(frozen=True, slots=True)
class _Look:
    """How one kind of number is shown."""

    title: str
    unit: str
    scale: Scale


_LOOKS = {
    "activation_std": _Look("standard deviation of activations", "", "log"),
    "dead_fraction": _Look("dead units", "share of units", "linear"),
    "saturated_fraction": _Look("saturated units", "share of units", "linear"),
    "grad_norm": _Look("norm of the gradient", "", "log"),
    "update_ratio": _Look("update over weight", "ratio of norms", "log"),
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """The layers of a run as they were when its file had a stamp."""

    stamp: Stamp | None
    course: LayerCourse | None

    @property
    def nbytes(self) -> int:
        """Bytes that the numbers take."""
        numbers = self.course.numbers.values() if self.course is not None else ()
        return sum(each.nbytes for each in numbers)


class LayerStore:
    """The layers of the runs that were looked at last.

    Args:
        limit_bytes: Memory that they may take.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._memory: Memory[_Kept] = Memory(limit_bytes)

    def course(self, run: RunFiles) -> LayerCourse | None:
        """Return the layers of a run as they are now, None where it has none."""
        id_, folder = run.place.id, run.place.folder
        stamp = stamp_of(folder / LAYERS)
        kept = self._memory.find(id_)
        if kept is None or kept.stamp != stamp:
            # A link is no plain file and has no stamp: it is not read.
            is_read = stamp is not None and stamp.size <= _LARGEST_BYTES
            course = read_layers(folder) if is_read else None
            kept = self._memory.put(id_, _Kept(stamp, course))
            run.note_damage(LAYERS, _damage(course))
        return kept.course


def layers_of(course: LayerCourse, times: int) -> dict[str, Any]:
    """Return the layers and a grid for each kind of number that any layer has.

    Args:
        course: What was measured.
        times: How many columns a grid may have; of more, evenly spread ones are taken.
    """
    count = len(course.steps)
    columns = np.unique(np.linspace(0, count - 1, min(times, count)).round().astype(int))
    grids = {name: grid(course.numbers[name][:, columns], name) for name in _LOOKS}
    return {
        "layers": [{"name": name, "kind": kind} for name, kind in course.kinds.items()],
        "steps": [course.steps[column] for column in columns.tolist()],
        "grids": {name: found for name, found in grids.items() if found is not None},
    }


def _damage(course: LayerCourse | None) -> list[Damage]:
    lines = course.damaged_lines if course is not None else ()
    return [Damage(LAYERS, line, "no sample of layers") for line in lines]


def grid(values: Array, name: str) -> dict[str, Any] | None:
    """Return numbers of layers (rows) by samples (columns) in 16 bits, None if there are none.

    A number q stands for low + (high - low) * q / 65534 on a linear scale, and for
    low * (high / low) ** (q / 65534) on a logarithmic one, with an error far below what a
    color can show. 65535 stands for no number. Where "has_zero" is true, 0 stands for exactly
    0, which a logarithmic scale lacks; +inf counts as the largest number.

    Args:
        values: Numbers; nan where there is none.
        name: Kind of number.
    """
    look = _LOOKS[name]
    numbers = values.astype(np.float64)
    if look.scale == "log":
        numbers[numbers < 0] = np.nan
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return None
    positive = finite[finite > 0]
    if look.scale == "log" and positive.size:
        has_zero = positive.size < finite.size
        low, high, places = _logarithmic(numbers, positive, has_zero=has_zero)
    else:
        has_zero = False
        low, high, places = _linear(numbers, finite)
    return {
        "title": look.title,
        "unit": look.unit,
        "scale": look.scale if positive.size else "linear",
        "has_zero": has_zero,
        "low": low,
        "high": high,
        "rows": values.shape[0],
        "columns": values.shape[1],
        "data": _packed(places),
    }


def _linear(numbers: Array, finite: Array) -> tuple[float, float, Array]:
    # Shares are shown on the scale from 0 to 1 of which they are a part.
    low, high = min(0.0, float(finite.min())), max(1.0, float(finite.max()))
    return low, high, (numbers - low) / (high - low)


def _logarithmic(
    numbers: Array, positive: Array, *, has_zero: bool
) -> tuple[float, float, Array]:
    least, high = float(positive.min()), float(positive.max())
    if high <= least * (1 + 1e-6):  # all the same: any range around it will do
        least, high = least / 2, high * 2
    low = least * (least / high) ** (1 / (_STEPS - 1)) if has_zero else least
    with np.errstate(divide="ignore"):
        return low, high, np.log(numbers / low) / np.log(high / low)


def _packed(places: Array) -> str:
    """Return places from 0 to 1 as base64 of little-endian 16 bits, row by row."""
    missing = np.isnan(places)
    steps = np.rint(np.clip(np.where(missing, 0.0, places), 0.0, 1.0) * _STEPS)
    packed = np.where(missing, _MISSING, steps).astype("<u2")
    return base64.b64encode(packed.tobytes()).decode()
