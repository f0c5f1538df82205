"""The watch over a run of headway's Trainer."""

import warnings
from collections.abc import Callable
from dataclasses import asdict

from torch import Tensor

from headway.doctor.callbacks.layer_rows import layer_rows
from headway.doctor.watch import Alarm, Sample, Watch
from headway.engine import Callback, EvaluationReport, Event, Setup
from headway.errors import RunError
from headway.runs import LayerFile


class TrainerWatch(Callback):
    """Watches what a Trainer does and tells its alarms as events.

    Args:
        setup: What is trained.
        every: Steps from one look at the layers to the next; None chooses by `max_overhead`.
        max_overhead: Share of the time that watching may take.
        on_event: Is told each alarm when it begins and when it is over; logs it where None.
        layers: Where the numbers of the layers are kept; nowhere where None.

    Attributes:
        watch: What does the watching.

    Example:
        >>> Trainer(setup, callbacks=[TrainerWatch(setup)]).run()  # doctest: +SKIP
    """

    def __init__(
        self,
        setup: Setup,
        *,
        every: int | None = None,
        max_overhead: float = 0.03,
        on_event: Callable[[Event], None] | None = None,
        layers: LayerFile | None = None,
    ) -> None:
        def tell(alarm: Alarm) -> None:
            assert on_event is not None
            on_event(alarm_event(alarm))

        self.watch = Watch(
            setup.model,
            setup.optimizer,
            every=every,
            max_overhead=max_overhead,
            on_alarm=None if on_event is None else tell,
            on_sample=self._keep,
        )
        self._layers = layers

    def on_start(self, *, step: int, total_steps: int) -> None:
        """Begin to watch."""
        self._begin(step)

    def on_step(self, loss: Tensor) -> None:
        """Take note of a step."""
        self.watch.step(loss)

    def on_evaluation(self, report: EvaluationReport) -> None:
        """Take note of the losses of an evaluation."""
        values = report.values
        self.watch.evaluation(
            train=values.get("train_eval/loss"), val=values.get("val/loss")
        )

    def on_event(self, event: Event) -> None:
        """Begin anew where the training went back to an earlier step."""
        if event.kind == "rollback":
            self._begin(event.step)

    def on_end(self) -> None:
        """Leave nothing in the network."""
        self.watch.close()
        if self._layers is not None:
            self._layers.close()

    def _begin(self, step: int) -> None:
        self.watch.start(step)
        self._write(lambda layers: layers.rewind(step))

    def _keep(self, sample: Sample) -> None:
        self._write(lambda layers: layers.append(sample.step, layer_rows(sample)))

    def _write(self, action: Callable[[LayerFile], None]) -> None:
        """Do something with the file; what its disk refuses must not end the training."""
        if self._layers is None:
            return
        try:
            action(self._layers)
        except RunError as error:
            self._layers = None
            warnings.warn(f"the layers are no longer recorded: {error}", stacklevel=2)


def alarm_event(alarm: Alarm) -> Event:
    """Return an alarm as an event of a run."""
    step = alarm.step if alarm.ended is None else alarm.ended
    fields = {"alarm": alarm.kind, "is_over": alarm.is_over, **asdict(alarm.finding)}
    return Event(kind="alarm", step=step, fields=fields)
