"""The commands of `headway lab`: published claims about trainability, put to the test."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from headway.cli.arguments import File, Flag, Json
from headway.cli.output import is_terminal, print_json, print_line, print_rows, waiting
from headway.errors import InputError

if TYPE_CHECKING:
    from headway.lab import Advance, Finding

_ROOT = Path("runs/lab")
_Names = Annotated[Positional[tuple[str, ...]], arg(metavar="[NAME ...]")]
_Name = Annotated[Positional[str], arg(metavar="NAME", help_behavior_hint="")]
_Folder = Annotated[Path, arg(metavar="DIR")]
_Count = Annotated[int, arg(metavar="N")]
_Jobs = Annotated[int | None, arg(metavar="N", help_behavior_hint="")]
_Device = Annotated[str, arg(metavar="DEVICE")]
_All = Annotated[bool, arg(name="all", help_behavior_hint="")]


def list_experiments(*, out: _Folder = _ROOT, as_json: Json = False) -> None:
    """List the experiments, and what they came to where they have run.

    Args:
        out: Folder of the lab.
        as_json: Print one JSON object for each.
    """
    with waiting("loading the experiments"):
        from headway import lab

        findings = [lab.read_finding(name, out) for name in lab.NAMES]
    if as_json:
        for finding in findings:
            print_json(_fields(finding))
        return
    rows = [(f.experiment.name, str(f.verdict), f.experiment.claim) for f in findings]
    print_rows(rows, header=("name", "verdict", "claim"))


def run(
    names: _Names = (),
    /,
    *,
    every: _All = False,
    full: Flag = False,
    seeds: _Count = 3,
    first_seed: _Count = 0,
    jobs: _Jobs = None,
    device: _Device = "cpu",
    out: _Folder = _ROOT,
    again: Flag = False,
    as_json: Json = False,
) -> int:
    """Run experiments, each with a control, and say whether their claims hold.

    What has run before is read. A run that was stopped goes on.

    Args:
        names: Experiments, as `headway lab list` names them.
        every: All of them.
        full: With `--all`, those in a paper's own setting too, which want a GPU.
        seeds: Seeds of each arm; fewer than 3 show nothing.
        first_seed: The first of them.
        jobs: Processes; one for each core if left out.
        device: Where networks are trained.
        out: Folder of the lab.
        again: Forget what has run before.
        as_json: Print one JSON object for each experiment.
    """
    with waiting("loading the experiments"):
        from headway import lab
    if every == bool(names):
        raise InputError(
            "name experiments or say --all: headway lab run degradation; `headway lab list` "
            "shows them"
        )
    if min(seeds, jobs or 1) < 1 or first_seed < 0:
        raise InputError("--seeds and --jobs must be at least 1, --first-seed at least 0")
    chosen = lab.names_of(full=full) if every else tuple(dict.fromkeys(names))
    has_error = False
    with _progress(is_shown=not as_json) as say:
        for finding in lab.run_experiments(
            chosen,
            root=out,
            seeds=range(first_seed, first_seed + seeds),
            jobs=jobs or _free_cores(),
            device=device,
            again=again,
            say=say,
        ):
            has_error |= bool(finding.error)
            if as_json:
                print_json(_fields(finding))
            else:
                _print_finding(finding)
    return int(has_error)


def show(name: _Name, /, *, out: _Folder = _ROOT, as_json: Json = False) -> None:
    """Show an experiment: claim, source, requirements with the number of each seed, picture.

    Args:
        name: Experiment, as `headway lab list` names it.
        out: Folder of the lab.
        as_json: Print one JSON object.
    """
    with waiting("loading the experiments"):
        from headway import lab

        finding = lab.read_finding(name, out)
    if as_json:
        print_json(_fields(finding))
        return
    experiment = finding.experiment
    print_line(experiment.claim)
    print_line(f"source: {experiment.source}")
    print_line(f"arms: {', '.join(experiment.arms)}")
    if not finding.checks:
        for requirement in experiment.requirements:
            print_line(f"  {requirement.text}")
    _print_finding(finding)
    if experiment.note:
        print_line(experiment.note)


def report(*, out: _Folder = _ROOT, markdown: File = None) -> None:
    """Write what has run to one HTML page that needs no network.

    Args:
        out: Folder of the lab; the page is report.html in it.
        markdown: File for the same as Markdown; its pictures go into a folder beside it that
            is called like it.
    """
    with waiting("drawing"):
        from headway import lab

        findings = [lab.read_finding(name, out) for name in lab.NAMES]
        out.mkdir(parents=True, exist_ok=True)
        page = out / "report.html"
        page.write_text(lab.to_html(findings), encoding="utf-8")
        if markdown is not None:
            folder = markdown.with_suffix("")
            lab.copy_pictures(findings, folder)
            text = lab.to_markdown(findings, pictures=folder.name)
            markdown.write_text(f"# The lab\n\n{text}", encoding="utf-8")
    print_line(str(page))
    if markdown is not None:
        print_line(str(markdown))


def describe() -> None:
    """Put published claims to the test: lab list, lab run, lab show, lab report."""


COMMANDS = {"list": list_experiments, "run": run, "show": show, "report": report}


def _print_finding(finding: "Finding") -> None:
    from headway.lab import sentence

    print_line(f"{finding.experiment.name}: {finding.verdict} ({finding.seconds:.0f} s)")
    for check in finding.checks:
        print_line(f"  {sentence(check)}")
    if finding.error:
        print_line(f"  could not run: {finding.error}")
    if finding.picture is not None:
        print_line(f"  picture: {finding.picture}")


def _fields(finding: "Finding") -> dict[str, Any]:
    experiment = finding.experiment
    return {
        "name": experiment.name,
        "claim": experiment.claim,
        "source": experiment.source,
        "verdict": str(finding.verdict),
        "seeds": list(finding.results.by_seed),
        "requirements": [
            {
                "text": check.requirement.text,
                "is_control": check.requirement.is_control,
                "is_met": check.is_met,
                "values": check.values,
            }
            for check in finding.checks
        ],
        "seconds": finding.seconds,
        "picture": finding.picture,
        "error": finding.error,
    }


@contextmanager
def _progress(*, is_shown: bool) -> "Generator[Callable[[Advance], None] | None]":
    """Show a person at a terminal how many arms are done."""
    if not (is_shown and is_terminal()):
        yield None
        return
    from rich.progress import Progress

    with Progress(transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def say(advance: "Advance") -> None:
            unit = advance.unit
            progress.update(
                task,
                completed=advance.done,
                total=advance.total,
                description=f"{unit.experiment}: {unit.arm}, seed {unit.seed}",
            )

        yield say


def _free_cores() -> int:
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
