"""Numbers and events that the engine hands to callbacks, already on the host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class StepReport:
    """Numbers of the optimizer steps since the report before.

    Attributes:
        step: Optimizer steps done so far, counted from 1.
        epoch: Passes over the data done so far, with its fraction.
        loss: Training loss, averaged over the steps since the report before.
        grad_norm: Global L2 norm of the gradient of this step before clipping.
        lr: Learning rate of the first parameter group in this step.
        samples_per_second: Training samples a second since the report before, over all
            processes.
    """

    step: int
    epoch: float
    loss: float
    grad_norm: float
    lr: float
    samples_per_second: float


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationReport:
    """Metrics of one evaluation.

    Attributes:
        step: Optimizer steps done so far.
        epoch: Passes over the data done so far.
        values: Metrics by name, such as "val/accuracy" and "train_eval/accuracy".
        is_best: Whether the monitored metric is the best so far.
    """

    step: int
    epoch: float
    values: Mapping[str, float]
    is_best: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened to the run, such as a checkpoint or a rollback.

    Attributes:
        kind: Name of the event.
        step: Optimizer steps done so far.
        fields: What there is to know about it.
    """

    kind: str
    step: int
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a training ended.

    Attributes:
        step: Optimizer steps done.
        epoch: Passes over the data done, with fraction.
        values: Metrics of the last evaluation.
        best_values: Metrics of the best evaluation, whose weights are kept.
        seconds: Time spent in training, over all sessions.
        stopped_early: Whether early stopping ended it.
    """

    step: int
    epoch: float
    values: Mapping[str, float]
    best_values: Mapping[str, float]
    seconds: float
    stopped_early: bool


class Callback:
    """Base of everything that follows a run; override what you need.

    A callback sees numbers that are already on the host, so it costs the device nothing; only
    `on_step` gets the loss where it is. In a distributed run every process calls its own
    callbacks.
    """

    def on_start(self, *, step: int, total_steps: int) -> None:
        """Training is about to begin or to go on at `step`."""

    def on_step(self, loss: Tensor) -> None:
        """A step is done; `loss` is still on the device, and reading it waits for that."""

    def on_progress(self, step: int) -> None:
        """Some time has passed and `step` steps are done (about twice a second)."""

    def on_report(self, report: StepReport) -> None:
        """`report_every` more steps are done."""

    def on_evaluation(self, report: EvaluationReport) -> None:
        """The network was evaluated."""

    def on_event(self, event: Event) -> None:
        """Something happened."""

    def on_end(self) -> None:
        """Training is over, in whatever way; release what you hold."""
