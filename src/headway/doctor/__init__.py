"""Finds why a network does not learn, changes it, and proves that the change helps."""

from headway.doctor.checkup import Checkup, check, check_target, check_up
from headway.doctor.diagnosis import Diagnosis
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import CAUSES, Cause, Finding
from headway.doctor.program import MakeProgram, Program

__all__ = [
    "CAUSES",
    "Budget",
    "Cause",
    "Checkup",
    "Diagnosis",
    "Evidence",
    "Examples",
    "Finding",
    "MakeProgram",
    "Program",
    "check",
    "check_target",
    "check_up",
]
