"""The writer of layers.jsonl, which stays small however long a run is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headway.runs.files import write_atomically
from headway.runs.layers import (
    LayerRow,
    encode_header,
    encode_sample,
    merged,
    read_layer_lines,
)
from headway.runs.lines import LineFile
from headway.runs.schema import LAYERS

# At twice as many columns a picture shows no more.
_MOST_SAMPLES = 400
# A sample of ResNet-1202 takes a tenth of a megabyte.
_MOST_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Line:
    """A line on the disk; one without a step names the layers of those below it."""

    text: bytes
    step: int | None = None


class LayerFile:
    """Writes layers.jsonl; nothing is on the disk before the first sample.

    Where there are too many samples, about each second one goes, and those to come are taken
    as far apart as those that stay.

    Args:
        folder: Folder of the run.
        most_samples: Samples that are too many.
        most_bytes: Bytes that are too many.
    """

    def __init__(
        self,
        folder: Path,
        *,
        most_samples: int = _MOST_SAMPLES,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._path = folder / LAYERS
        self._most_samples, self._most_bytes = most_samples, most_bytes
        self._interval = 1
        self._file: LineFile | None = None
        self._kinds: dict[str, str] = {}
        self._lines: list[_Line] = []
        if self._path.exists():
            self._read()

    def append(self, step: int, rows: Sequence[LayerRow]) -> None:
        """Write the numbers of a step, unless it is too near to the one before.

        Args:
            step: Optimizer steps done.
            rows: Layers in the order of depth; what runs in other steps only may be missing.

        Raises:
            RunError: If the disk refuses.
        """
        steps = self._steps
        if steps and step - steps[-1] < self._interval:
            return
        names = merged(self._kinds, (row.name for row in rows))
        if len(names) > len(self._kinds):
            kinds = {row.name: row.kind for row in rows} | self._kinds
            self._kinds = {name: kinds[name] for name in names}
            self._write(_Line(encode_header(self._kinds)))
        self._write(_Line(encode_sample(step, self._kinds, rows), step))
        num_bytes = sum(len(line.text) for line in self._lines)
        if len(steps) + 1 >= self._most_samples or num_bytes > self._most_bytes:
            self._thin()

    def rewind(self, step: int) -> None:
        """Drop what was after `step`, so that replayed steps do not appear twice.

        Raises:
            RunError: If the disk refuses.
        """
        if self._steps and self._steps[-1] > step:
            self._keep({one for one in self._steps if one <= step})

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def _steps(self) -> list[int]:
        return [line.step for line in self._lines if line.step is not None]

    def _read(self) -> None:
        for text, line in read_layer_lines(self._path):
            if line is None:
                continue
            if line.layers is not None:
                self._kinds = line.kinds
            self._lines.append(_Line(text, line.step if line.layers is None else None))

    def _write(self, line: _Line) -> None:
        if self._file is None:
            self._file = LineFile(self._path)
        self._file.append_line(line.text)
        self._lines.append(line)

    def _thin(self) -> None:
        steps = self._steps
        gaps = max(1, len(steps) - 1)
        self._interval = max(1, 2 * (steps[-1] - steps[0]) // gaps)
        kept = steps[:1]
        for step in steps:
            if step - kept[-1] >= self._interval:
                kept.append(step)
        self._keep(set(kept))

    def _keep(self, steps: set[int]) -> None:
        """Write the file anew with these samples, and the names that they need."""
        lines: list[_Line] = []
        for line in self._lines:
            if line.step is not None and line.step not in steps:
                continue
            if line.step is None and lines and lines[-1].step is None:
                lines.pop()
            lines.append(line)
        self.close()
        write_atomically(self._path, b"".join(line.text for line in lines).decode())
        self._lines = lines
