"""Times that can be compared on a machine with other work."""

import time
from collections.abc import Callable, Mapping
from statistics import median


def median_seconds(
    calls: Mapping[str, Callable[[], object]], *, rounds: int = 5
) -> dict[str, float]:
    """Return the median CPU time of each call, in seconds.

    They take turns, so that what slows the machine down meets all of them; a first turn
    warms up and is not counted.

    Args:
        calls: What to time, by name.
        rounds: Turns that count.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(1 + rounds):
        for name, call in calls.items():
            begun = time.process_time()
            call()
            times[name].append(time.process_time() - begun)
    return {name: median(each[1:]) for name, each in times.items()}
