"""Go through the probes, cheap ones first, as far as the budget allows."""

import time
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Batch, Examples, joined, take
from headway.doctor.inference import infer_task
from headway.doctor.notes import failed_note
from headway.doctor.probes.ablation import probe_ablation
from headway.doctor.probes.baselines import probe_baselines
from headway.doctor.probes.confusion import probe_confusion
from headway.doctor.probes.data_facts import probe_data_facts
from headway.doctor.probes.eval_noise import probe_eval_noise
from headway.doctor.probes.first_batch import probe_first_batch
from headway.doctor.probes.flow import probe_flow, probe_late_flow
from headway.doctor.probes.late_modes import probe_late_modes
from headway.doctor.probes.lost_numbers import probe_lost_numbers
from headway.doctor.probes.memory import probe_memory
from headway.doctor.probes.other_inputs import probe_other_inputs
from headway.doctor.probes.overfit import probe_overfit
from headway.doctor.probes.slopes import probe_slopes
from headway.doctor.probes.sweep import probe_sweep
from headway.doctor.probes.target_use import loss_ignores_targets
from headway.doctor.probes.updates import probe_updates
from headway.doctor.probes.watched import probe_watched
from headway.doctor.program import MakeProgram, Program, call_model, num_in
from headway.doctor.rows import is_by_sample
from headway.doctor.task import TaskFacts
from headway.errors import InputError, TargetError
from headway.measure.probe import evaluating

Probe = Callable[[Evidence, Budget], Any]
# In the order in which they run: these look at one batch, the next ones train.
_OF_ONE_BATCH: dict[str, Probe] = {
    "data": probe_data_facts,
    "first_batch": probe_first_batch,
    "flow": probe_flow,
    "updates": probe_updates,
}
_OF_TRAINING: dict[str, Probe] = {
    "baselines": probe_baselines,
    "course": probe_watched,
    "late_flow": probe_late_flow,
    "late_modes": probe_late_modes,
    "memory": probe_memory,
    "eval_noise": probe_eval_noise,
    "confusion": probe_confusion,
    "other_inputs": probe_other_inputs,
    "lost": probe_lost_numbers,
}
AFTERWARDS: dict[str, Probe] = {
    "slopes": probe_slopes,
    "ablation": probe_ablation,
    "overfit": probe_overfit,
    "sweep": probe_sweep,
}
# How the note of a probe begins for which there was no time.
NO_TIME = "no time was left for"
_BATCHES = (
    "A batch is a pair (inputs, targets); inputs are a tensor, or a tuple or dict of tensors. "
    "Give a DataLoader whose collate_fn makes such batches, or one of ready-made batches with "
    "batch_size=None"
)
# As many samples tell classes from values.
_SAMPLES = 512
_CALLED = 32
# Probes of one batch take some 60 forward and backward passes; each may have this share of
# the budget. A pass in both directions costs three forward ones.
_SHARE_OF_AN_UPDATE = 0.005
_UPDATE = 3.0
# Batch norm is told from a tiny batch by as many samples as this.
_FEWEST = 8


def examine(make: MakeProgram, budget: Budget | None = None) -> Evidence:
    """Measure a program: one batch, a few updates, its own training, cheap baselines.

    Args:
        make: Makes the program anew for each probe.
        budget: How long it may take; 60 seconds where None.

    Raises:
        TargetError: If the model cannot be called with its own data.
    """
    budget = budget or Budget()
    evidence = examine_batch(make, budget)
    run_probes(evidence, _OF_TRAINING, budget)
    return evidence


def look_closer(evidence: Evidence, budget: Budget) -> None:
    """Run the probes that only a program which learns badly is worth."""
    run_probes(evidence, AFTERWARDS, budget)


def examine_batch(make: MakeProgram, budget: Budget) -> Evidence:
    """Measure only what the data, one batch and a few updates tell."""
    program = make(0)
    samples, called = _samples(program.train)
    task, seconds = _task(program, samples, called)
    # Only so many samples of a batch that slow networks are looked at in time.
    most = max(_FEWEST, int(budget.seconds * _SHARE_OF_AN_UPDATE / (_UPDATE * seconds)))
    small = _with_few_samples(make, most)
    evidence = Evidence(
        make=small,
        program=program,
        task=task,
        forward_seconds=seconds,
        is_by_sample=is_by_sample(*called),
    )
    run_probes(evidence, _OF_ONE_BATCH, budget)
    evidence.make = make
    return evidence


def run_probes(evidence: Evidence, probes: dict[str, Probe], budget: Budget) -> None:
    """Fill sections of the evidence; what cannot be measured leaves a note.

    A probe runs the code of others on odd values: whatever it raises is a fact about the
    program and must not end the examination.
    """
    for name, probe in probes.items():
        if budget.left <= 0:
            evidence.notes.append(f"{NO_TIME} {name.replace('_', ' ')}")
            continue
        try:
            with _quiet():
                setattr(evidence, name, probe(evidence, budget))
        except InputError:
            raise
        except Exception as error:
            called = name.replace("_", " ")
            evidence.notes.append(failed_note(called, evidence.why(error)))


@contextmanager
def _quiet() -> Generator[None]:
    """Keep the warnings of a program, which its author has seen, from being repeated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _with_few_samples(make: MakeProgram, most: int) -> MakeProgram:
    """Return what makes the program with batches of so many samples at most."""

    def cut(inputs: Any, targets: Any) -> tuple[Any, Any]:
        if num_in(targets) <= most or not is_by_sample(inputs, targets):
            return inputs, targets
        numbers = torch.arange(most)
        return take(inputs, numbers), take(targets, numbers)

    def make_small(seed: int) -> Program:
        program = make(seed)
        return replace(program, train=program.train.mapped(cut))

    return make_small


def _samples(examples: Examples) -> tuple[Batch, Batch]:
    """Return many samples, and a few to call the model with."""
    try:
        few = examples.some(_CALLED)
        if examples.is_by_sample:
            return examples.some(_SAMPLES), few
        return (few[0], _targets(examples)), few
    except Exception as error:
        raise TargetError(
            f"the training data cannot be read: {type(error).__name__}: {error}. {_BATCHES}"
        ) from error


def _targets(examples: Examples) -> Any:
    """Return the targets of several batches whose inputs cannot be put together."""
    found: list[Any] = []
    with torch.random.fork_rng(devices=[]):
        for _, targets in examples.batches():
            found.append(targets)
            if sum(map(num_in, found)) >= _SAMPLES:
                break
    return joined(found)


def _task(program: Program, samples: Batch, few: Batch) -> tuple[TaskFacts, float]:
    """Return what is to be learned, and the seconds of a forward pass for each sample."""
    (inputs, targets), (called, answers) = samples, few
    with _quiet(), evaluating(program.model):
        begun = time.perf_counter()
        try:
            outputs = call_model(program.model, called)
        except Exception as error:
            raise TargetError(
                "the model cannot be called with a batch of the training data "
                f"({_shape(called)}): {type(error).__name__}: {error}. Give it inputs of the "
                "shape and type that model(inputs) takes."
            ) from error
    seconds = (time.perf_counter() - begun) / max(1, num_in(called))
    task = infer_task(inputs, outputs, targets, program.loss_fn, program.metric)
    # Who names accuracy or R2 means the targets, of which nothing is learned.
    is_named = isinstance(program.metric, str) or task.targets_equal_inputs
    if not is_named and loss_ignores_targets(program, outputs, answers):
        return TaskFacts(kind="unknown"), seconds
    return task, seconds


def _shape(inputs: Any) -> str:
    if hasattr(inputs, "shape"):
        return f"{str(inputs.dtype).removeprefix('torch.')} of shape {tuple(inputs.shape)}"
    return type(inputs).__name__
