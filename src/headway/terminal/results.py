"""What came out of a run: its metrics side by side, its confusions, and what to do next."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from headway.engine import EvaluationReport
from headway.terminal.facts import EndFacts, StartFacts
from headway.terminal.numbers import count, duration, percent, plural
from headway.terminal.progress import batch_size, by_part, rate_unit, units_per_sample

_PAIRS_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Metrics of one moment or of guessing.

    Attributes:
        label: What they are metrics of.
        note: When they were reached, or "".
        values: Metrics by name.
    """

    label: str
    note: str
    values: Mapping[str, float]


def results(
    end: EndFacts, start: StartFacts | None, best: EvaluationReport | None
) -> list[Result]:
    """Return the metrics of the run, the best first and guessing last.

    Args:
        end: What came out.
        start: What was known before, or None.
        best: Best evaluation of this session, which knows its epoch, or None.
    """
    outcome = end.outcome
    last = by_part(outcome.values)
    top = by_part(outcome.best_values).get("val", {})
    epochs = f"epoch {outcome.epoch:g}"
    when = f"epoch {best.epoch:g}" if best is not None else ""
    found = [
        Result(label="best", note=when, values=top),
        Result(label="last", note=epochs, values=last.get("val", {})),
        Result(label="training data", note=epochs, values=last.get("train", {})),
        Result(label="guessing", note="", values=start.chance if start is not None else {}),
    ]
    return [result for result in found if result.values]


def confusions(classes: tuple[str, ...], confusion: list[list[int]] | None) -> list[str]:
    """Return which classes are most often taken for which, the worst first.

    Args:
        classes: Class names in label order.
        confusion: Samples by true (row) and predicted (column) class, or None.

    Example:
        >>> confusions(("cat", "dog"), [[8, 2], [0, 10]])
        ['cat -> dog  2 of 10 (20.0 %)']
    """
    pairs = [
        (number, true, predicted)
        for true, row in enumerate(confusion or [])
        for predicted, number in enumerate(row)
        if number and true != predicted
    ]
    worst = sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:_PAIRS_SHOWN]
    names = [f"{classes[true]} -> {classes[predicted]}" for _, true, predicted in worst]
    width = max(map(len, names), default=0)
    return [
        f"{name:{width}}  {count(number)} of {_share(number, sum((confusion or [])[true]))}"
        for name, (number, true, _) in zip(names, worst, strict=True)
    ]


def time_text(end: EndFacts, start: StartFacts | None) -> str:
    """Return how long the training took."""
    outcome = end.outcome
    said = [f"{duration(outcome.seconds)} for {plural(outcome.step, 'step')}"]
    if start is not None and outcome.seconds > 0:
        samples = outcome.step * batch_size(start)
        rate = samples * units_per_sample(start) / outcome.seconds
        said.append(f"{count(round(rate))} {rate_unit(start)}")
    if outcome.stopped_early:
        said.append("stopped early")
    return ", ".join(said)


def commands(end: EndFacts, start: StartFacts | None) -> list[tuple[str, str]]:
    """Return what can be done with the run, and the command or the file for it."""
    if end.folder is None:
        return []
    run, data = shlex.quote(end.folder), shlex.quote(end.data)
    has_test = start is None or start.info.num_test > 0
    report = [] if end.report is None else [("report", end.report)]
    return [
        *report,
        ("test", f"headway evaluate {run} {data if has_test else 'OTHER_DATA'}"),
        ("export", f"headway export {run}"),
    ]


def _share(number: int, total: int) -> str:
    return f"{count(total)} ({percent(number / total, 1)})"
