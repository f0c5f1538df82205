"""The doctor's commands: `headway check` and `headway fix`.

What needs torch is imported by the functions, so that `--help` answers at once.
"""

import sys

from headway.cli.arguments import (
    Budget,
    Folder,
    Json,
    PatchFile,
    Settings,
    Target,
    flat_settings,
)
from headway.cli.output import print_json, waiting


def check(
    target: Target,
    /,
    *,
    budget: Budget = 60.0,
    settings: Settings = (),
    as_json: Json = False,
) -> int:
    """Say why a training program does not learn, or that nothing is wrong with it.

    The exit code is 0 where nothing is wrong, 1 where there are errors.

    Args:
        target: FILE.py:FUNCTION, where the function returns a dict with model, loss_fn,
            optimizer, train and perhaps val, batch_size, epochs, metric, scheduler, shuffle
            and step; a run; or a recipe.
        budget: Seconds at most.
        settings: Settings of a recipe to change, such as optimizer.lr=0.05.
        as_json: Print one JSON object.
    """
    with waiting("examining"):
        from headway import jobs
        from headway.cli.findings import print_diagnosis

        found = jobs.check(target, budget=budget, overrides=flat_settings(settings))
    if as_json:
        print_json(found.to_json())
    else:
        print_diagnosis(found)
    return 0 if found.is_healthy else 1


def fix(
    target: Target,
    /,
    *,
    budget: Budget = 300.0,
    out: Folder = None,
    write: PatchFile = None,
    settings: Settings = (),
    as_json: Json = False,
) -> int:
    """Find what is wrong with a training program, and a change that is proved to help.

    The program itself is left as it is. The exit code is 0 where it is healthy or a change
    is proved to help, 1 where none is.

    Args:
        target: As for check.
        budget: Seconds at most, for the check, the trials, the proof and the random search.
        out: Folder that keeps finished trainings, so that a killed repair goes on.
        write: File for the change as a patch, where the change can be written as one.
        settings: Settings of a recipe to change, such as optimizer.lr=0.05.
        as_json: Print one JSON object.
    """

    def say(text: str) -> None:
        if not as_json:
            sys.stderr.write(f"{text}\n")

    from headway import jobs
    from headway.cli.repairs import print_repair, write_patch

    found = jobs.fix(
        target, budget=budget, out=out, overrides=flat_settings(settings), say=say
    )
    if as_json:
        print_json(found.to_json())
    else:
        print_repair(found)
    if write is not None:
        write_patch(found, write)
    return 0 if found.outcome in ("healthy", "repaired") else 1
