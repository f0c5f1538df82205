"""Whether the numbers bear a claim out."""

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from headway.lab.experiment import Experiment, Requirement, Results

LEAST_SEEDS = 3
_MOST = 0.75


class Verdict(StrEnum):
    """What an experiment comes to."""

    REPRODUCED = "REPRODUCED"
    NOT_REPRODUCED = "NOT REPRODUCED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_RUN = "NOT RUN"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A requirement held against the numbers.

    Attributes:
        requirement: The requirement.
        values: The number that decides, for each seed.
        is_met: Whether it holds; None where it holds in some seeds only.
    """

    requirement: Requirement
    values: tuple[float, ...]
    is_met: bool | None


def check(requirement: Requirement, results: Results) -> Check:
    """Hold one requirement against the numbers of all seeds."""
    values = tuple(float(requirement.value(arms)) for arms in results.by_seed.values())
    if requirement.where == "mean":
        is_met: bool | None = requirement.is_met_by(fmean(values))
        return Check(requirement=requirement, values=values, is_met=is_met)
    met = sum(requirement.is_met_by(value) for value in values)
    needed = len(values) if requirement.where == "each" else math.ceil(_MOST * len(values))
    is_met = True if met >= needed else None if met else False
    return Check(requirement=requirement, values=values, is_met=is_met)


def judge(experiment: Experiment, results: Results) -> tuple[Verdict, tuple[Check, ...]]:
    """Return the verdict and how each requirement came out.

    A claim is reproduced where everything holds. It is not where a condition fails in every
    seed or in the mean. Where the control did not come out the other way, where seeds
    disagree, or where there are fewer than three of them, nothing can be said.
    """
    checks = tuple(check(each, results) for each in experiment.requirements)
    has_control = all(c.is_met for c in checks if c.requirement.is_control)
    claims = [c.is_met for c in checks if not c.requirement.is_control]
    if False in claims and has_control:
        return Verdict.NOT_REPRODUCED, checks
    is_enough = experiment.is_exact or len(results.by_seed) >= LEAST_SEEDS
    if has_control and is_enough and all(claims):
        return Verdict.REPRODUCED, checks
    return Verdict.INCONCLUSIVE, checks
