"""Published claims about trainability as experiments with a control arm and a verdict."""

from headway.lab.catalog import NAMES, load_experiment, names_of
from headway.lab.experiment import Experiment, Requirement, Results
from headway.lab.report import copy_pictures, sentence, to_html, to_markdown
from headway.lab.running import Advance, Finding, read_finding, run_experiments
from headway.lab.verdict import Check, Verdict, judge

__all__ = [
    "NAMES",
    "Advance",
    "Check",
    "Experiment",
    "Finding",
    "Requirement",
    "Results",
    "Verdict",
    "copy_pictures",
    "judge",
    "load_experiment",
    "names_of",
    "read_finding",
    "run_experiments",
    "sentence",
    "to_html",
    "to_markdown",
]
