"""When to look closer, what that costs, and that it never harms."""

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager

_LOG = logging.getLogger("headway.watch")
# Of the time that may be spent, what samples may take; the rest is for what every step takes
# (2 of the 120 microseconds of a tiny network) and for what cannot be measured, such as the
# slower way that torch takes through a module with hooks.
_MEASURED = 0.2
# Steps between two samples, at least: neighbors say nearly the same.
_LEAST = 8
# Steps after which it is asked again, at most: what a step takes may change.
_MOST = 512


class Cadence:
    """Decides after which steps the next one is sampled.

    The first sample is free, as all that is done for the first time; after each other one,
    the time that it took must be a small part of the time until the next.

    Args:
        every: Steps from one sample to the next, or None to go by the time.
        max_overhead: Share of the time that watching may take.

    Attributes:
        problem: What went wrong in the watch itself, after which it takes no more samples.
    """

    def __init__(self, every: int | None, max_overhead: float) -> None:
        if every is not None and every < 1:
            raise ValueError(f"every must be at least 1 or None, got {every}")
        if not 0 < max_overhead <= 1:
            raise ValueError(
                f"max_overhead must be above 0 and at most 1, got {max_overhead}"
            )
        self.problem = ""
        self._every = every
        self._share = max_overhead * _MEASURED
        self._num_samples = 0
        self._spent = 0.0
        self._begun, self._begun_at = time.perf_counter(), 0

    def next_look(self, step: int) -> int:
        """Return after which step to ask whether to sample the one that follows it."""
        if self._every is not None:
            return max(1, step + self._every - 1)
        if self._num_samples < 2:
            return step + _LEAST if step else 1
        passed = time.perf_counter() - self._begun
        # Half the way at a time, as the steps may become slower.
        share = (self._spent / self._share - passed) / passed / 2
        return step + max(_LEAST, min(_MOST, int(share * (step - self._begun_at))))

    @property
    def is_due(self) -> bool:
        """Whether the next step is to be sampled."""
        if self.problem:
            return False
        if self._every is not None or self._num_samples < 2:
            return True
        return self._spent <= self._share * (time.perf_counter() - self._begun)

    def begin(self, step: int) -> None:
        """Take note that a sample begins after a step."""
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
