"""Repair a program, and judge the repair on seeds that neither it nor random search saw."""

import math
from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean
from typing import Any

from catalogue import Entry, by_name
from families import FAMILIES, Make
from training import as_program, outcome_of

from headway.doctor.arm import treat
from headway.doctor.fix import fix_target
from headway.doctor.program import MakeProgram, Program
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.target import maker

UNSEEN = (9001, 9002, 9003)
# A repair counts where it reaches this part of what the human's fix reaches.
_ENOUGH = 0.95
# A repair is worse where it loses more than this against the untreated program.
_WORSE = 0.01
_SECONDS = 120.0


def repair(entry: Entry, budget: float) -> dict[str, Any]:
    """Return what `headway fix` did to a faulty program and what came of it."""
    done = fix_target(entry.target, budget=budget)
    by_standard = entry.causes[:1] == ("metric",)
    human = [
        _reached(as_program(_human(entry)(seed), seed), by_standard) for seed in UNSEEN
    ]
    make = maker(entry.make)
    untreated = _reached_by(make, (), by_standard)
    # What random search found counts as its own, not as a repair.
    is_ours = done.search is None or done.remedies != done.search.best
    ours = done.treatment if is_ours else ()
    treated = _reached_by(make, ours, by_standard) if ours else untreated
    searched = done.search.best if done.search and _is_accepted(done.search.proof) else ()
    random = _reached_by(make, searched, by_standard) if searched else untreated
    # A log-likelihood, say, may be below 0.
    goal = fmean(human) - (1 - _ENOUGH) * abs(fmean(human))
    return {
        "outcome": done.outcome,
        "accepted": bool(ours),
        "remedies": [repr(remedy) for remedy in ours],
        "random": [repr(remedy) for remedy in searched],
        "human_values": human,
        "untreated_values": untreated,
        "treated_values": treated,
        "random_values": random,
        "restored": fmean(treated) >= goal,
        "random_restored": fmean(random) >= goal,
        "hurts": fmean(treated) < fmean(untreated) - _WORSE,
        "findings": [
            {"cause": finding.cause, "severity": finding.severity}
            for finding in done.findings
        ],
        "trainings": done.trainings,
        "seconds": done.seconds,
        "notes": list(done.notes),
    }


def _is_accepted(proof: Any) -> bool:
    return proof is not None and proof.is_accepted


def _human(entry: Entry) -> Make:
    """Return the program as it should have been."""
    _, _, rest = entry.name.partition("/")
    if entry.kind == "real":
        return by_name(f"fixed/{rest}").make
    return FAMILIES[rest.partition("+")[0]].make


def _reached_by(
    make: MakeProgram, remedies: Iterable[Remedy], by_standard: bool
) -> list[float]:
    return [_reached(treat(make(seed), remedies), by_standard) for seed in UNSEEN]


def _reached(program: Program, by_standard: bool) -> float:
    """Return the last metric of a training, and at worst -1, which is far below any answer."""
    program = replace(program, metric=None) if by_standard else program
    value = outcome_of(program, _SECONDS).metric
    return max(value, -1.0) if math.isfinite(value) else -1.0
