"""Run the doctor, the rules of earlier tools, repairs and random search over all programs.

Results go to .results/TOOL.jsonl, one line for each program; what is there is not run again.
"""

import argparse
import json
import math
import multiprocessing
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from catalogue import LATER, Entry, by_name, entries
from families import special

from data import HERE

RESULTS = HERE / ".results"


def check(entry: Entry, budget: float) -> dict[str, Any]:
    """Return what the doctor says."""
    from headway.doctor.checkup import check_target

    return check_target(entry.target, budget=budget).to_json()


def rules(entry: Entry, budget: float) -> dict[str, Any]:
    """Return what the rule sets of earlier tools say."""
    from earlier_tools import judge

    return judge(entry.make, budget)


def fix(entry: Entry, budget: float) -> dict[str, Any]:
    """Return what the doctor changes, and how that does on seeds that it did not see."""
    from repairs import repair

    return repair(entry, budget)


TOOLS: dict[str, Callable[[Entry, float], dict[str, Any]]] = {
    "check": check,
    "rules": rules,
    "fix": fix,
}

# A program is killed after so many times its budget.
_PATIENCE = 4.0


def main() -> None:
    """Run one tool over the chosen programs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument(
        "--split",
        choices=("development", "held-out", *LATER, "all"),
        default="all",
    )
    parser.add_argument(
        "--kinds", nargs="*", default=["real", "fixed", "injected", "healthy"]
    )
    parser.add_argument("--names", nargs="*", help="only these, such as real/zero_weights")
    parser.add_argument("--count", type=int, help="stop after so many new results")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for a program")
    parser.add_argument(
        "--limit", type=float, help="seconds before it is killed; 4 budgets if left out"
    )
    parser.add_argument("--results", type=Path, help="file of the results")
    parser.add_argument("--again", action="store_true", help="forget what is there")
    chosen = parser.parse_args()
    chosen.limit = chosen.limit or _PATIENCE * chosen.budget
    torch.set_num_threads(1)
    path = chosen.results or RESULTS / f"{chosen.tool}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    if chosen.again:
        path.unlink(missing_ok=True)
    todo = _todo(chosen, {result["name"] for result in read(path)})
    _warm_up(todo)
    _run_all(chosen, todo, path)


def read(path: Path) -> list[dict[str, Any]]:
    """Return all results of a file; a torn last line is left out."""
    found: list[dict[str, Any]] = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def _todo(chosen: argparse.Namespace, done: set[str]) -> list[Entry]:
    if chosen.names:
        return [by_name(name) for name in chosen.names if name not in done]
    wanted = [
        entry
        for entry in entries()
        if chosen.split in ("all", entry.split) and entry.kind in chosen.kinds
    ]
    return [entry for entry in wanted if entry.name not in done][: chosen.count]


def _warm_up(todo: Sequence[Entry]) -> None:
    """Do once what every child would do again: imports, the backbone of fine-tuning.

    Headway itself is left to the children, so that a change of its code counts at once.
    """
    import sklearn.linear_model
    import sklearn.neighbors  # noqa: F401

    if any("fine_tuning" in entry.name for entry in todo):
        special.fine_tuning(0)


def _run_all(chosen: argparse.Namespace, todo: Sequence[Entry], path: Path) -> None:
    # A child of a fork costs no imports; torch has one thread, so forking it is safe.
    context = multiprocessing.get_context("fork")
    waiting = list(reversed(todo))
    running: list[tuple[Any, Entry, float]] = []
    while waiting or running:
        while waiting and len(running) < chosen.jobs:
            entry = waiting.pop()
            arguments = (chosen.tool, entry, chosen.budget, path)
            child = context.Process(target=_child, args=arguments)
            child.start()
            running.append((child, entry, time.perf_counter()))
        time.sleep(0.1)
        for item in list(running):
            child, entry, begun = item
            if child.is_alive() and time.perf_counter() - begun > chosen.limit:
                child.kill()
            if not child.is_alive():
                child.join()
                running.remove(item)
                if child.exitcode:
                    _write(
                        path, {"name": entry.name, "error": f"exit code {child.exitcode}"}
                    )


def _child(tool: str, entry: Entry, budget: float, path: Path) -> None:
    warnings.simplefilter("ignore")
    begun = time.perf_counter()
    result: dict[str, Any] = {"name": entry.name}
    try:
        result |= TOOLS[tool](entry, budget)
    except Exception as error:
        result["error"] = f"{type(error).__name__}: {error}"
        result["traceback"] = traceback.format_exc()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result["wall"] = round(time.perf_counter() - begun, 2)
    result["cpu"] = round(usage.ru_utime + usage.ru_stime, 2)
    _write(path, result)


def _write(path: Path, result: dict[str, Any]) -> None:
    line = json.dumps(_plain(result)) + "\n"
    with path.open("a") as file:
        file.write(line)
    first = next(iter(result.get("findings", ())), {})
    said = result.get("error") or (first and f"{first['severity']} {first['cause']}") or "-"
    print(f"{result['name']:<48} {str(said)[:60]:<40} {result.get('wall', '')}", flush=True)


def _plain(value: Any) -> Any:
    """Return a value that strict JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


if __name__ == "__main__":
    sys.exit(main())
