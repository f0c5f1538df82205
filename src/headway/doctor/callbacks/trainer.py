"""The watch over a run of headway's Trainer."""

from collections.abc import Callable
from dataclasses import asdict

from torch import Tensor

from headway.doctor.watch import Alarm, Watch
from headway.engine import Callback, EvaluationReport, Event, Setup


class TrainerWatch(Callback):
    """Watches what a Trainer does and tells its alarms as events.

    Args:
        setup: What is trained.
        every: Steps from one look at the layers to the next; None chooses by `max_overhead`.
        max_overhead: Share of the time that watching may take.
        on_event: Is told each alarm when it begins and when it is over; logs it where None.

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
        )

    def on_start(self, *, step: int, total_steps: int) -> None:
        """Begin to watch."""
        self.watch.start(step)

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
            self.watch.start(event.step)

    def on_end(self) -> None:
        """Leave nothing in the network."""
        self.watch.close()


def alarm_event(alarm: Alarm) -> Event:
    """Return an alarm as an event of a run."""
    step = alarm.step if alarm.ended is None else alarm.ended
    fields = {"alarm": alarm.kind, "is_over": alarm.is_over, **asdict(alarm.finding)}
    return Event(kind="alarm", step=step, fields=fields)
