"""Where a run stands: the numbers behind the bar and the lines."""

import time
from collections.abc import Mapping

from headway.engine import EvaluationReport, StepReport
from headway.terminal.facts import StartFacts
from headway.terminal.numbers import count, main_first, metric, short

_PARTS = {"val/": "val", "train_eval/": "train"}


class Progress:
    """The newest numbers of a run; taking one in is a mere assignment.

    Attributes:
        step: Optimizer steps done.
        total_steps: Optimizer steps of the whole training.
        report: Newest report, or None.
        evaluation: Newest evaluation, or None.
        best: Best evaluation of this session, or None.
        units_per_sample: How many of what is counted a second one sample has.
    """

    def __init__(self) -> None:
        self.step = 0
        self.total_steps = 1
        self.report: StepReport | None = None
        self.evaluation: EvaluationReport | None = None
        self.best: EvaluationReport | None = None
        self.units_per_sample = 1
        self._start = (0, time.monotonic())

    def start(self, *, step: int, total_steps: int) -> None:
        """Start the clock at `step`."""
        self.step, self.total_steps = step, max(1, total_steps)
        self._start = (step, time.monotonic())

    def take_report(self, report: StepReport) -> None:
        """Take in a report."""
        self.step = report.step
        self.report = report

    def take_evaluation(self, report: EvaluationReport) -> None:
        """Take in an evaluation."""
        self.step = report.step
        self.evaluation = report
        if report.is_best:
            self.best = report

    @property
    def seconds_left(self) -> float | None:
        """Time to the last step at the pace of this session, or None before its first one."""
        first, start = self._start
        done = self.step - first
        if done <= 0:
            return None
        return (time.monotonic() - start) / done * (self.total_steps - self.step)


def steps_per_epoch(facts: StartFacts) -> int:
    """Return the optimizer steps of one pass over the training data."""
    return max(1, facts.info.num_train // batch_size(facts))


def batch_size(facts: StartFacts) -> int:
    """Return the samples of one optimizer step."""
    size = facts.recipe.training.batch_size
    assert size != "auto"
    return size


def rate_unit(facts: StartFacts) -> str:
    """Return what is counted a second."""
    if facts.info.task == "language-model":
        return "characters/s"
    return "images/s" if facts.info.kind == "image" else "samples/s"


def units_per_sample(facts: StartFacts) -> int:
    """Return how many of what is counted a second one sample has."""
    return facts.info.input_shape[0] if facts.info.task == "language-model" else 1


def by_part(values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the metrics of an evaluation by the part of the data, validation first.

    Example:
        >>> by_part({"train_eval/loss": 0.1, "val/loss": 0.2})
        {'val': {'loss': 0.2}, 'train': {'loss': 0.1}}
    """
    return {
        part: named
        for prefix, part in _PARTS.items()
        if (
            named := {
                k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)
            }
        )
    }


def pieces(progress: Progress, unit: str) -> list[str]:
    """Return what the line under the bar says, the most important first."""
    # Read once: the bar is drawn by a thread while the training goes on.
    report, evaluation, best = progress.report, progress.evaluation, progress.best
    said = [f"loss {metric('loss', report.loss)}"] if report else []
    if evaluation and evaluation.values:
        part, name, value = _headline(evaluation)
        said.append(f"{part} {name} {metric(name, value)}".lstrip())
    if best:
        _, name, value = _headline(best)
        said.append(f"best {metric(name, value)}")
    if report:
        rate = report.samples_per_second * progress.units_per_sample
        said.append(f"{count(round(rate))} {unit}")
        said.append(f"lr {short(report.lr)}")
    return said


def _headline(report: EvaluationReport) -> tuple[str, str, float]:
    """Return the part of the data, the name and the value of the metric that says most."""
    parts = by_part(report.values) or {"": dict(report.values)}
    part, values = next(iter(parts.items()))
    name = main_first(values)[0]
    return part, name, values[name]
