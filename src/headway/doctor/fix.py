"""Repair a training program: try what its findings suggest, keep what is proved to help."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from headway.doctor.cache import ArmCache
from headway.doctor.checkup import begin, check_up
from headway.doctor.diagnosis import Diagnosis
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.operation import Operation
from headway.doctor.program import MakeProgram
from headway.doctor.progress import progress
from headway.doctor.repair import Repair
from headway.doctor.selection import Say
from headway.doctor.target import load_target, maker
from headway.doctor.treated import source_of, source_of_target, written
from headway.doctor.workbench import Workbench

_DEFAULT_SECONDS = 300.0
# The check-up has at most this share of the budget, and a minute.
_CHECKUP_SHARE, _CHECKUP_SECONDS = 0.3, 60.0


def fix(
    make_setup: Callable[..., Any],
    *,
    budget: float = _DEFAULT_SECONDS,
    evidence: Evidence | None = None,
    diagnosis: Diagnosis | None = None,
    out: Path | str | None = None,
    say: Say = lambda _: None,
) -> Repair:
    """Find out what is wrong with a training program, change it and prove that it helps.

    Nothing is changed but copies. A remedy is kept only if a paired experiment over seeds
    accepts it, and all kept ones together have to prove themselves on new seeds.

    Args:
        make_setup: Makes a Setup, a dict or a Program; may take `seed`.
        budget: Seconds at most, for everything.
        evidence: Of an examination that has been made already, together with `diagnosis`.
        diagnosis: What followed from it.
        out: Folder that keeps finished trainings, so that a killed repair goes on.
        say: Told in a sentence what is being done.

    Raises:
        TargetError: If the program is not as it should be.
    """
    make = maker(make_setup)
    return _fixed(
        make,
        begin(make, budget),
        evidence,
        diagnosis,
        ArmCache(Path(out) if out else None, source=source_of(make_setup)),
        say,
    )


def fix_target(
    name: str,
    *,
    budget: float = _DEFAULT_SECONDS,
    out: Path | str | None = None,
    say: Say = lambda _: None,
) -> Repair:
    """Repair the program that FILE.py:FUNCTION makes, and write the change as code.

    Args:
        name: Of a function that returns a Setup or a dict; it may take `seed`.
        budget: Seconds at most, for everything.
        out: Folder that keeps finished trainings, so that a killed repair goes on.
        say: Told in a sentence what is being done.

    Raises:
        TargetError: If there is no such function, or what it returns cannot be run.
    """
    cache = ArmCache(Path(out) if out else None, source=source_of_target(name))
    make = load_target(name)
    repair = _fixed(make, begin(make, budget), None, None, cache, say)
    return written(repair, name)


def _fixed(
    make: MakeProgram,
    budget: Budget,
    evidence: Evidence | None,
    diagnosis: Diagnosis | None,
    cache: ArmCache,
    say: Say,
) -> Repair:
    if evidence is None or diagnosis is None:
        checkup = check_up(make, Budget(min(budget.part(_CHECKUP_SHARE), _CHECKUP_SECONDS)))
        evidence, diagnosis = checkup.evidence, checkup.diagnosis
    is_quiet = all(finding.severity == "info" for finding in diagnosis.findings)
    # What could not be judged is not healthy because nothing was found.
    if is_quiet and progress(evidence).is_fine:
        return Repair(
            outcome="healthy",
            findings=diagnosis.findings,
            seconds=budget.spent,
            notes=(diagnosis.summary,) if diagnosis.summary else (),
        )
    by_standard = any(
        finding.cause == "metric" and finding.severity != "info"
        for finding in diagnosis.findings
    )
    bench = Workbench(make, cache=cache, by_standard=by_standard)
    return Operation(bench, evidence, diagnosis, budget, say).run()
