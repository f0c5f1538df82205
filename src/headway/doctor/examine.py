"""Go through the probes, cheap ones first, as far as the budget allows."""

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.probes.ablation import probe_ablation
from headway.doctor.probes.baselines import probe_baselines
from headway.doctor.probes.data_facts import probe_data_facts
from headway.doctor.probes.first_batch import probe_first_batch
from headway.doctor.probes.flow import probe_flow, probe_late_flow
from headway.doctor.probes.lost_numbers import probe_lost_numbers
from headway.doctor.probes.overfit import probe_overfit
from headway.doctor.probes.sweep import probe_sweep
from headway.doctor.probes.updates import probe_updates
from headway.doctor.probes.watched import probe_watched
from headway.doctor.program import MakeProgram, Program, call_model
from headway.doctor.task import infer_task
from headway.errors import InputError, TargetError
from headway.measure.probe import evaluating

Probe = Callable[[Evidence, Budget], Any]
# In the order in which they run: the first ones look at one batch, the last one trains.
AT_ONCE: dict[str, Probe] = {
    "data": probe_data_facts,
    "first_batch": probe_first_batch,
    "flow": probe_flow,
    "updates": probe_updates,
    "baselines": probe_baselines,
    "course": probe_watched,
    "late_flow": probe_late_flow,
    "lost": probe_lost_numbers,
}
_OF_ONE_BATCH = ("data", "first_batch", "flow", "updates")
AFTERWARDS: dict[str, Probe] = {
    "ablation": probe_ablation,
    "overfit": probe_overfit,
    "sweep": probe_sweep,
}
# As many samples tell classes from values.
_SAMPLES = 512
_CALLED = 32


def examine(make: MakeProgram, budget: Budget | None = None) -> Evidence:
    """Measure a program: one batch, a few updates, its own training, cheap baselines.

    Args:
        make: Makes the program anew for each probe.
        budget: How long it may take; 60 seconds where None.

    Raises:
        TargetError: If the model cannot be called with its own data.
    """
    budget = budget or Budget()
    program = make(0)
    evidence = Evidence(make=make, program=program, task=_task(program))
    run_probes(evidence, AT_ONCE, budget)
    return evidence


def look_closer(evidence: Evidence, budget: Budget) -> None:
    """Run the probes that only a program which learns badly is worth."""
    run_probes(evidence, AFTERWARDS, budget)


def examine_batch(make: MakeProgram, budget: Budget) -> Evidence:
    """Measure only what the data, one batch and a few updates tell."""
    program = make(0)
    evidence = Evidence(make=make, program=program, task=_task(program))
    run_probes(evidence, {name: AT_ONCE[name] for name in _OF_ONE_BATCH}, budget)
    return evidence


def run_probes(evidence: Evidence, probes: dict[str, Probe], budget: Budget) -> None:
    """Fill sections of the evidence; what cannot be measured leaves a note.

    A probe runs the code of others on odd values: whatever it raises is a fact about the
    program and must not end the examination.
    """
    for name, probe in probes.items():
        if budget.left <= 0:
            evidence.notes.append(f"no time was left for {name.replace('_', ' ')}")
            continue
        try:
            with _quiet():
                setattr(evidence, name, probe(evidence, budget))
        except InputError:
            raise
        except Exception as error:
            first_line = str(error).partition("\n")[0]
            evidence.notes.append(
                f"{name.replace('_', ' ')} could not be measured: "
                f"{type(error).__name__}: {first_line}"
            )


@contextmanager
def _quiet() -> Generator[None]:
    """Keep the warnings of a program, which its author has seen, from being repeated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _task(program: Program) -> Any:
    try:
        inputs, targets = program.train.some(_SAMPLES)
        called, answers = program.train.some(_CALLED)
    except Exception as error:
        raise TargetError(
            f"the training data cannot be read: {type(error).__name__}: {error}"
        ) from error
    with _quiet(), evaluating(program.model):
        try:
            outputs = call_model(program.model, called)
        except Exception as error:
            raise TargetError(
                "the model cannot be called with a batch of the training data "
                f"({_shape(called)}): {type(error).__name__}: {error}"
            ) from error
    del answers
    return infer_task(inputs, outputs, targets, program.loss_fn, program.metric)


def _shape(inputs: Any) -> str:
    if hasattr(inputs, "shape"):
        return f"{str(inputs.dtype).removeprefix('torch.')} of shape {tuple(inputs.shape)}"
    return type(inputs).__name__
