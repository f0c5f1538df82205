"""Change the batches of a program, in training and in validation."""

from dataclasses import replace

from headway.doctor.examples import BatchMap
from headway.doctor.program import Program, call_model
from headway.doctor.remedies.samples import a_batch
from headway.measure.probe import evaluating


def with_batches(program: Program, change: BatchMap) -> Program:
    """Return the program with each batch changed, in training and in validation."""
    val = program.val.mapped(change) if program.val is not None else None
    return replace(program, train=program.train.mapped(change), val=val)


def with_targets(program: Program, change: BatchMap) -> Program:
    """Return the program with other targets, and with a metric that can read them.

    A metric of the program's own that fails on the new targets gives way to the one that
    fits the task.
    """
    changed = with_batches(program, change)
    if callable(program.metric) and not _metric_works(changed):
        return replace(changed, metric=None)
    return changed


def _metric_works(program: Program) -> bool:
    assert callable(program.metric)
    inputs, targets = a_batch(program)
    with evaluating(program.model):
        outputs = call_model(program.model, inputs)
        try:
            value = float(program.metric(outputs, targets))
        except (RuntimeError, ValueError, TypeError, IndexError):
            return False
    return value == value
