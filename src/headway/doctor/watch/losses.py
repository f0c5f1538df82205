"""The course of the training loss, in little memory for any number of steps."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from statistics import fmean, median

# Means of blocks of the course; at twice as many, each two neighbors become one.
_BLOCKS = 128
_RECENT = 200
_FIRST = 5
# Losses on either side of one that make its trend.
_TREND = 5
_LEAST = 50
# Differences in standard errors, and as a part of the loss at the start, that count.
_ERRORS = 3.0
_LEAST_GAIN = 0.1


class LossCourse:
    """What is kept of the losses so far.

    Attributes:
        count: Steps so far, also those whose losses were not kept.
        start: Mean of the first few.
        last: The newest one.
        lowest: The lowest level so far, by the means of five neighboring blocks.
        first_lost: Number of the first one that was not finite, or None.
        blocks: Means over blocks of equal length, in order.
    """

    def __init__(self) -> None:
        self.count = 0
        self.start = math.nan
        self.last = math.nan
        self.lowest = math.nan
        self.first_lost: int | None = None
        self.blocks: list[float] = []
        self._width = 1
        self._block: list[float] = []
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._no_progress = (0, False)

    def add(self, losses: Iterable[float], *, skipped: int = 0) -> None:
        """Take losses in the order of the steps.

        Args:
            losses: Of neighboring steps.
            skipped: Steps just before them whose losses were not kept.
        """
        self.count += skipped
        for loss in losses:
            self.count += 1
            self.last = loss
            if not math.isfinite(loss):
                self.first_lost = self.first_lost or self.count
                continue
            self._recent.append(loss)
            if len(self._recent) <= _FIRST and self.count <= _FIRST:
                self.start = fmean(self._recent)
            self._block.append(loss)
            if len(self._block) == self._width:
                self._close_block()

    @property
    def recent(self) -> list[float]:
        """The last losses, half of all at most."""
        return list(self._recent)[-max(1, self.count // 2) :]

    @property
    def now(self) -> float:
        """Mean of the last losses."""
        return fmean(self.recent) if self._recent else math.nan

    @property
    def makes_no_progress(self) -> bool:
        """Whether it is as high as at the start, as far as noise lets one see."""
        # Several rules ask for it after the same step.
        if self._no_progress[0] != self.count:
            self._no_progress = (self.count, self._makes_no_progress())
        return self._no_progress[1]

    def _makes_no_progress(self) -> bool:
        recent = self.recent
        if self.count < 4 * _FIRST:
            return False
        gain = self.start - fmean(recent)
        return gain < max(_LEAST_GAIN * abs(self.start), _ERRORS * _error(recent))

    @property
    def is_flat(self) -> bool:
        """Whether it went down neither in the last third of the steps nor in the last ones."""
        third = self.blocks[-max(8, len(self.blocks) // 3) :]
        return len(third) >= 8 and not _falls(third) and not _falls(self.recent)

    def correlation(self, lag: int) -> float:
        """Return the correlation of deviations from the trend, so many steps apart."""
        losses = list(self._recent)
        if len(losses) < _LEAST:
            return 0.0
        rest = [
            loss - fmean(losses[max(0, n - _TREND) : n + _TREND + 1])
            for n, loss in enumerate(losses)
        ]
        power = math.fsum(value * value for value in rest)
        products = (a * b for a, b in zip(rest, rest[lag:], strict=False))
        return math.fsum(products) / power if power > 0 else 0.0

    def _close_block(self) -> None:
        self.blocks.append(fmean(self._block))
        self._block.clear()
        if len(self.blocks) == 2 * _BLOCKS:
            self.blocks = [
                (a + b) / 2 for a, b in zip(*[iter(self.blocks)] * 2, strict=True)
            ]
            self._width *= 2
            levels = [median(self.blocks[n : n + 5]) for n in range(len(self.blocks) - 4)]
            self.lowest = min(levels)
        elif len(self.blocks) >= 5:
            level = median(self.blocks[-5:])
            # The first comparison with NaN is false.
            self.lowest = level if not level >= self.lowest else self.lowest


def _falls(values: Sequence[float]) -> bool:
    """Whether the second half is below the first, beyond noise."""
    half = len(values) // 2
    first, second = values[:half], values[half:]
    if not first:
        return True
    error = math.hypot(_error(first), _error(second))
    scale = max(abs(fmean(first)), 1e-12)
    return fmean(first) - fmean(second) > max(_ERRORS * error, 1e-3 * scale)


def _error(values: Sequence[float]) -> float:
    # Not `pstdev`, which computes with fractions and takes a hundred times as long.
    mean = fmean(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values)) / len(values)
