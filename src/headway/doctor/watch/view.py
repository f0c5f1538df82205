"""All that the rules of the watch look at."""

import math
from collections import deque
from dataclasses import dataclass, field

from headway.doctor.watch.losses import LossCourse
from headway.doctor.watch.sample import Sample

_SAMPLES = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Losses in evaluation mode.

    Attributes:
        step: Steps done so far.
        train: Loss on training data, None if unknown.
        val: Loss on validation data, None if unknown.
        running: Mean training loss of the last steps, in training mode.
    """

    step: int
    train: float | None
    val: float | None
    running: float


@dataclass(kw_only=True)
class View:
    """The course of a training so far.

    Attributes:
        step: Steps done.
        losses: Of all steps.
        samples: The newest ones.
        num_samples: How many there were.
        evaluations: All of them.
    """

    step: int = 0
    losses: LossCourse = field(default_factory=LossCourse)
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=_SAMPLES))
    num_samples: int = 0
    evaluations: list[Evaluation] = field(default_factory=list[Evaluation])
    _updates: deque[float] = field(default_factory=lambda: deque(maxlen=_SAMPLES))

    def add(self, sample: Sample) -> None:
        """Take one more sample."""
        self.samples.append(sample)
        self._updates.append(sample.update_ratio)
        self.num_samples += 1

    @property
    def last(self) -> Sample:
        """The newest sample, an empty one before the first."""
        return self.samples[-1] if self.samples else Sample(step=0)

    @property
    def usual_update(self) -> float:
        """Median of the update ratios of all samples, NaN where unknown."""
        ratios = sorted(ratio for ratio in self._updates if not math.isnan(ratio))
        return ratios[len(ratios) // 2] if ratios else math.nan

    @property
    def course(self) -> str:
        """How the loss went, in words."""
        return f"the loss was {self.losses.start:.4g} at the start and is {self.losses.now:.4g}"
