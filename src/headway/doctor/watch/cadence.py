"""When to look closer, what that costs, and that it never harms."""

import logging
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from statistics import median_low

_LOG = logging.getLogger("headway.watch")
# What it takes to keep the loss of a step, in seconds, on the host and on a device: of a tiny
# network that is percents. Where it is more than this part of the time that watching may take,
# only losses shortly before each look are kept.
_EACH_LOSS, _EACH_LOSS_THERE = 3e-6, 2e-5
_MUCH = 0.1
# Losses that are kept before each look, and of all steps at the start.
_STRETCH, _FIRST = 64, 1000
# Of the time that is left for samples, what may be measured; the rest is for what cannot be,
# such as the slower way that torch takes through a module with hooks. Some is always left.
_MEASURED = 0.6
_LEAST_SHARE = 0.2
# Samples before this one whose times count with it: one that the system interrupted does not
# stand for them.
_SAMPLES_BEFORE = 4
# Steps between two samples, at least: neighbors say nearly the same.
_LEAST = 8
# How much further than to the goal to go before asking again, and how far at least, as a part
# of the way since the last sample.
_FURTHER, _LEAST_WAY = 1.1, 0.1
# Steps after which it is asked again, at most: what a step takes may change.
_MOST = 512


class Cadence:
    """Decides after which steps the next one is sampled.

    The first sample is free, as all that is done for the first time; after each other one,
    the time that a sample takes must be a small part of the time until the next.

    Args:
        every: Steps from one sample to the next, or None to go by the time.
        max_overhead: Share of the time that watching may take.

    Attributes:
        is_there: Whether losses are on a device.
        problem: What went wrong in the watch itself, after which it takes no more samples.
    """

    def __init__(self, every: int | None, max_overhead: float) -> None:
        if every is not None and every < 1:
            raise ValueError(f"every must be at least 1 or None, got {every}")
        if not 0 < max_overhead <= 1:
            raise ValueError(
                f"max_overhead must be above 0 and at most 1, got {max_overhead}"
            )
        self.is_there = False
        self.problem = ""
        self._every = every
        self._max_overhead = max_overhead
        self._num_samples = 0
        self._spent = 0.0
        self._spent_before: deque[float] = deque(maxlen=_SAMPLES_BEFORE)
        self._begun, self._begun_at = time.perf_counter(), 0

    def next_look(self, step: int) -> int:
        """Return after which step to ask whether to sample the one that follows it."""
        if self._every is not None:
            return max(1, step + self._every - 1)
        if self._num_samples < 2:
            return step + _LEAST if step else 1
        passed = time.perf_counter() - self._begun
        way = (self._usual / self._share(step, passed) - passed) / passed
        # A little further: asking takes time itself, and moves the goal.
        way = max(_LEAST_WAY, _FURTHER * way)
        return step + max(_LEAST, min(_MOST, int(way * (step - self._begun_at))))

    def quiet_until(self, step: int, next_look: int) -> int:
        """Return the step before which no loss needs to be kept."""
        if self._every is not None or self._num_samples < 2 or step < _FIRST:
            return 0
        passed = time.perf_counter() - self._begun
        is_much = self._each(step, passed) > _MUCH * self._max_overhead
        return next_look - _STRETCH if is_much else 0

    def is_due(self, step: int) -> bool:
        """Return whether the step that follows `step` others is to be sampled."""
        if self.problem:
            return False
        if self._every is not None or self._num_samples < 2:
            return True
        passed = time.perf_counter() - self._begun
        return self._usual <= self._share(step, passed) * passed

    @property
    def _usual(self) -> float:
        """What the last samples took."""
        return median_low([*self._spent_before, self._spent])

    def _share(self, step: int, passed: float) -> float:
        """Return the share of the time that may be measured, from that of the last steps."""
        left = self._max_overhead - self._each(step, passed)
        return _MEASURED * max(_LEAST_SHARE * self._max_overhead, left)

    def _each(self, step: int, passed: float) -> float:
        """Return the share of the time that it takes to keep every loss."""
        each = _EACH_LOSS_THERE if self.is_there else _EACH_LOSS
        return each * (step - self._begun_at) / passed

    def begin(self, step: int) -> None:
        """Take note that a sample begins after a step."""
        if self._num_samples > 1:
            self._spent_before.append(self._spent)
        self._num_samples += 1
        self._spent = 0.0
        self._begun, self._begun_at = time.perf_counter(), step

    @contextmanager
    def looking(self) -> Generator[None]:
        """Count the time of the block; an error in it ends the sampling, not the training."""
        since = time.perf_counter()
        try:
            yield
        except Exception as error:
            if not self.problem:
                self.problem = f"{type(error).__name__}: {error}"
                _LOG.warning("the network is no longer sampled: %s", self.problem)
        finally:
            self._spent += time.perf_counter() - since
