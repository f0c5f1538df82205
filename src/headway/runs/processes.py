"""Whether the process that wrote an event is still there."""

import os
from pathlib import Path

# The boot time in /proc/stat has whole seconds.
_CLOCK_SLACK_SECONDS = 2.0


def is_alive(pid: int, *, since: float) -> bool:
    """Return whether process `pid` of this host runs and did so already at time `since`.

    The start time tells a process from a later one with the same number, which a restarted
    container has as a rule. Where /proc is missing, the number alone decides.

    Args:
        pid: Number of the process.
        since: Unix seconds.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it runs, under another user
    started = _start_time(pid)
    return started is None or started <= since + _CLOCK_SLACK_SECONDS


def _start_time(pid: int) -> float | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        lines = Path("/proc/stat").read_text().splitlines()
        boot = next(float(line.split()[1]) for line in lines if line.startswith("btime"))
        # proc(5): field 22, in clock ticks since boot; the name in field 2 may hold spaces
        ticks = float(stat.rpartition(")")[2].split()[19])
    except (OSError, StopIteration, IndexError, ValueError):
        return None
    return boot + ticks / os.sysconf("SC_CLK_TCK")
