"""A callback that writes what happens to the run record and to other trackers."""

from collections.abc import Sequence

from headway.engine.reports import Callback, EvaluationReport, Event, StepReport
from headway.runs import MetricWriter, RunRecord


class Recorder(Callback):
    """Writes reports, evaluations and events to the run record.

    Args:
        record: The run record.
        writers: Trackers that get the same numbers, such as TensorBoard.
    """

    def __init__(self, record: RunRecord, writers: Sequence[MetricWriter] = ()) -> None:
        self._record = record
        self._writers = writers

    def on_report(self, report: StepReport) -> None:
        """Write the numbers of the last steps."""
        self._log(
            report.step,
            {
                "epoch": report.epoch,
                "train/loss": report.loss,
                "train/grad_norm": report.grad_norm,
                "lr": report.lr,
                "samples_per_second": report.samples_per_second,
            },
        )

    def on_evaluation(self, report: EvaluationReport) -> None:
        """Write the metrics."""
        self._log(report.step, {"epoch": report.epoch, **report.values})

    def on_event(self, event: Event) -> None:
        """Write the event."""
        self._record.event(event.kind, step=event.step, **event.fields)

    def on_end(self) -> None:
        """Force what was written to the disk and close the trackers."""
        self._record.flush()
        for writer in self._writers:
            writer.close()

    def _log(self, step: int, values: dict[str, float]) -> None:
        self._record.log(step, values)
        for writer in self._writers:
            writer.log(step, values)
