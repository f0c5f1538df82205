"""Examine a program, let every check look at it, and put their findings in order."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from headway.doctor.checks import CHECKS
from headway.doctor.diagnosis import Diagnosis, ordered
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import NO_TIME, examine, look_closer
from headway.doctor.finding import Finding
from headway.doctor.notes import joined_notes
from headway.doctor.own_metric import describe_own, learns_by_own
from headway.doctor.probes.contrasts import probe_contrasts
from headway.doctor.program import MakeProgram, Program, seed_all
from headway.doctor.progress import Progress, progress
from headway.doctor.reranking import rerank
from headway.doctor.target import as_program, load_target
from headway.errors import TargetError

# Part of the given time after which nothing new is begun.
_USED = 0.92


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """A diagnosis and what it rests on.

    Attributes:
        evidence: All that was measured.
        diagnosis: What follows from it.
    """

    evidence: Evidence
    diagnosis: Diagnosis


def check_up(make: MakeProgram, budget: Budget | None = None) -> Checkup:
    """Examine a program and say what is wrong with it.

    Args:
        make: Makes the program from a seed.
        budget: How long it may take; 60 seconds where None.

    Raises:
        TargetError: If the program cannot be run at all and no finding says why.
    """
    budget = budget or Budget()
    evidence = examine(make, budget)
    found = run_checks(evidence)
    _refuse_unexplained(evidence, found)
    reached = progress(evidence)
    if _is_open(found, reached):
        look_closer(evidence, budget)
        found = run_checks(evidence)
        if not any(finding.is_certain for finding in found if finding.severity == "error"):
            evidence.contrasts = probe_contrasts(evidence, budget, found)
            found = rerank(found, evidence.contrasts)
    diagnosis = Diagnosis(
        findings=ordered(found, reached),
        summary=_summary(evidence, reached),
        notes=joined_notes(evidence.notes),
        seconds=budget.spent,
    )
    return Checkup(evidence=evidence, diagnosis=diagnosis)


def begin(make: MakeProgram, seconds: float) -> Budget:
    """Return a budget that begins once a program has been made.

    The first optimizer of a process makes torch import a good part of itself, which takes
    seconds that are not the program's. What runs when the time is over comes to its end, for
    which a part is kept.
    """
    make(0)
    return Budget(_USED * seconds)


def run_checks(evidence: Evidence) -> list[Finding]:
    """Return what all checks find; a check that fails leaves a note."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found.extend(check(evidence))
        except Exception as error:
            name = check.__name__.removeprefix("check_")
            evidence.notes.append(f"check {name} failed: {type(error).__name__}: {error}")
    return found


def check(
    model: nn.Module,
    loss_fn: Callable[[Any, Any], Tensor],
    data: Any,
    *,
    optimizer: Optimizer,
    val: Any = None,
    epochs: int = 10,
    budget: float = 60.0,
    **others: Any,
) -> Diagnosis:
    """Say what is wrong with a training program, or that nothing is.

    The model and the optimizer stay as they are: copies of them are trained.

    Args:
        model: Any module.
        loss_fn: Takes outputs and targets of a batch.
        data: One batch (inputs, targets), a Dataset or a DataLoader.
        optimizer: Over the parameters of the model.
        val: What progress is judged by, like `data`.
        epochs: Passes over the data that the program is meant to make.
        budget: Seconds at most.
        others: `batch_size`, `metric`, `scheduler`, `shuffle` and `step`, as in the dict of a
            program.

    Raises:
        TargetError: If an argument is not as it should be, or the program cannot be run.

    Example:
        >>> import torch
        >>> model = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=-1))
        >>> batch = torch.randn(64, 4), torch.randint(2, (64,))
        >>> optimizer = torch.optim.Adam(model.parameters())
        >>> diagnosis = check(model, nn.CrossEntropyLoss(), batch, optimizer=optimizer)
        >>> diagnosis.findings[0].cause
        'loss_mismatch'
    """
    program = as_program(
        {
            "model": model,
            "loss_fn": loss_fn,
            "optimizer": optimizer,
            "train": data,
            "val": val,
            "epochs": epochs,
            **others,
        },
        called="check",
    )
    make = _copies(program)
    return check_up(make, begin(make, budget)).diagnosis


def check_target(name: str, *, budget: float = 60.0) -> Diagnosis:
    """Say what is wrong with the program that FILE.py:FUNCTION makes.

    Args:
        name: Of a function that returns a Setup or a dict; it may take `seed`.
        budget: Seconds at most.

    Raises:
        TargetError: If there is no such function, or what it returns cannot be run.
    """
    make = load_target(name)
    return check_up(make, begin(make, budget)).diagnosis


def _refuse_unexplained(evidence: Evidence, found: Iterable[Finding]) -> None:
    """Raise where the program's own training fails and no finding says why."""
    course = evidence.course
    if course is None or course.stop != "error":
        return
    if any(finding.severity == "error" for finding in found):
        return
    error = course.error
    raise TargetError(
        f"the program's own training fails after {course.steps} updates: "
        f"{type(error).__name__}: {error}"
    ) from error


def _copies(program: Program) -> MakeProgram:
    """Return what makes copies of a live program: its weights are those of every seed."""

    def make(seed: int) -> Program:
        seed_all(seed)
        # Together, so that the copied optimizer holds the copied parameters.
        model, optimizer, scheduler = copy.deepcopy(
            (program.model, program.optimizer, program.scheduler)
        )
        return replace(
            program, model=model, optimizer=optimizer, scheduler=scheduler, seed=seed
        )

    return make


def _is_open(found: Iterable[Finding], reached: Progress) -> bool:
    """Whether it is worth the time to look closer."""
    found = list(found)
    if any(finding.is_certain and finding.severity == "error" for finding in found):
        return False
    is_good = reached.is_fine and reached.metric >= reached.good - reached.margin
    return (
        not is_good
        or reached.has_room
        or any(finding.severity != "info" for finding in found)
    )


def _summary(evidence: Evidence, reached: Progress) -> str:
    told = describe_own(evidence)
    is_blind = (
        reached.is_fine
        and max(reached.metric, reached.good) <= reached.dumb + reached.margin
    )
    is_clear = reached.is_fine and not is_blind
    if told and not (is_clear or reached.has_diverged) and learns_by_own(evidence):
        standard = f" (accuracy or R2: {reached.describe()})" if reached.is_known else ""
        return f"The program learns by what it is judged by: {told}{standard}."
    if is_blind:
        also = f"; {told}" if told else ""
        return (
            "In accuracy or R2, nothing is learned beyond a constant answer: "
            f"{reached.describe()}{also}."
        )
    if reached.is_fine:
        return f"The program learns: {reached.describe()}."
    if reached.is_known or reached.has_diverged:
        return f"The program does not learn as it should: {reached.describe()}."
    if _ran_out_of_time(evidence):
        return (
            "Whether the program learns could not be judged: the time ended first. Give it "
            "more with a larger --budget."
        )
    return f"{reached.describe().capitalize()}."


def _ran_out_of_time(evidence: Evidence) -> bool:
    """Whether the budget ended before the program's own training could be judged."""
    course = evidence.course
    is_short = course is not None and course.stop == "budget"
    return is_short or any(note.startswith(NO_TIME) for note in evidence.notes)
