"""What a run was started with: programs, machine, code and command."""

import os
import platform
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

_GIT_TIMEOUT_SECONDS = 5.0


def describe_environment() -> dict[str, Any]:
    """Return the facts about this process that explain a result later.

    Returns:
        "headway" and "python" (versions), "platform", "cpu" (model, cores, cores this
        process may use), "packages" (versions of what headway depends on), "git" (commit
        and whether files differ from it; None outside a repository) and "command".
    """
    packages = _package_versions()
    return {
        "headway": packages.pop("headway", "unknown"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _describe_cpu(),
        "packages": packages,
        "git": _describe_git(),
        "command": list(sys.orig_argv),
    }


def _package_versions() -> dict[str, str]:
    # 15 ms to import, which a program that only reads runs should not pay
    from importlib import metadata

    try:
        requirements = metadata.requires("headway") or []
    except metadata.PackageNotFoundError:
        return {}
    names = (re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in requirements)
    versions = {name: _version(name) for name in ("headway", *names)}
    return {name: version for name, version in versions.items() if version is not None}


@cache  # a process that trains many small runs would spend its time here
def _version(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None  # an extra that is not installed


def _describe_cpu() -> dict[str, Any]:
    cores = os.cpu_count()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return {"model": _cpu_model(), "cores": cores, "usable_cores": usable}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (
        line.partition(":")[2].strip() for line in lines if line.startswith("model name")
    )
    return next(models, "") or platform.processor() or platform.machine()


def _describe_git() -> dict[str, Any] | None:
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "is_dirty": None if changes is None else bool(changes)}


def _git(*arguments: str) -> str | None:
    try:
        # --no-optional-locks: a run must not get in the way of the user's own git commands
        result = subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
