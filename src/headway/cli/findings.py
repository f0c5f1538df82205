"""What `headway check` says."""

import shutil
import textwrap

from headway.cli.output import is_terminal, print_line
from headway.doctor.diagnosis import Diagnosis
from headway.doctor.finding import Finding

_WIDEST = 96
_INDENT = "  "
_COLORS = {"error": "\x1b[31m", "warning": "\x1b[33m", "info": "\x1b[36m"}
_OFF = "\x1b[0m"
# More facts than these hide what matters; --json has them all.
_MOST_INFOS = 3


def print_diagnosis(found: Diagnosis) -> None:
    """Print findings, most likely cause first, or that nothing is wrong."""
    infos = [f for f in found.findings if f.severity == "info"]
    shown = [f for f in found.findings if f.severity != "info"] + infos[:_MOST_INFOS]
    for finding in shown:
        print_finding(finding)
    print_text(f"{_verdict(found)} {found.summary}")
    for note in found.notes:
        print_text(f"note: {note}")


def print_finding(finding: Finding) -> None:
    """Print a finding with its evidence, its remedy and the code of it."""
    where = f" in {finding.layer}" if finding.layer else ""
    sure = "certain" if finding.is_certain else f"confidence {finding.confidence:.2f}"
    print_line(f"{_colored(finding.severity)}: {finding.cause}{where} ({sure})")
    print_text(finding.evidence, _INDENT)
    print_text(f"-> {finding.remedy}", _INDENT)
    for line in finding.code.splitlines():
        print_line(f"{_INDENT * 3}{line}")
    print_line("")


def _verdict(found: Diagnosis) -> str:
    counts = {
        name: sum(f.severity == name for f in found.findings)
        for name in ("error", "warning")
    }
    said = ", ".join(f"{n} {name}{'s' * (n > 1)}" for name, n in counts.items() if n)
    return f"{said or 'Nothing is wrong'} ({found.seconds:.1f} s)."


def print_text(text: str, indent: str = "") -> None:
    """Print a paragraph that fits the terminal."""
    width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
    print_line(textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent))


def _colored(severity: str) -> str:
    return f"{_COLORS[severity]}{severity}{_OFF}" if is_terminal() else severity
