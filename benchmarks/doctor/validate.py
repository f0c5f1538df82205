"""Decide which injected faults count, and keep the verdicts in verdicts.json.

A fault counts where it is a programming error whatever it costs, or where training shows that
it hurts: over two seeds, its last metric stays below that of the healthy program by a tenth of
what the healthy program gains over an answer that ignores the inputs.
"""

import argparse
import json
import math
import time
import warnings
from typing import Any

import torch
from families import FAMILIES
from mutations import MUTATIONS, NotApplicableError
from training import outcome
from variants import VARIANTS, variant
from verdicts import VERDICTS, read_verdicts

SEEDS = (0, 1)
LEAST_LOSS = 0.1
# A healthy program with other settings may lose this much of the gain.
MOST_LOSS = 0.05


def verdict(family: str, mutation: str, healthy: list[float]) -> dict[str, Any]:
    """Return whether a fault counts, why, and the metrics of its seeds."""
    fault = MUTATIONS[mutation]
    try:
        make = fault.apply(FAMILIES[family].make)
        make(0)
    except NotApplicableError:
        return {"counts": False, "why": "not applicable"}
    if fault.is_certain:
        return {"counts": True, "why": "certain"}
    chance = FAMILIES[family].chance
    gained = [max(value - chance, 1e-9) for value in healthy]
    limit = sum(healthy) / len(healthy) - LEAST_LOSS * sum(gained) / len(gained)
    metrics: list[float] = []
    begun = time.perf_counter()
    for seed in SEEDS:
        ended = outcome(make(seed), seed, max_seconds=120.0)
        if ended.stop == "budget":
            return {"counts": False, "why": "takes too long"}
        metrics.append(round(ended.metric, 4) if math.isfinite(ended.metric) else -99.0)
        if metrics[-1] > limit:
            break
    hurts = len(metrics) == len(SEEDS) and max(metrics) <= limit
    seconds = round(time.perf_counter() - begun, 2)
    why = "hurts" if hurts else "harmless"
    return {"counts": hurts, "why": why, "metrics": metrics, "seconds": seconds}


def healthy_verdict(family: str, name: str, healthy: list[float]) -> dict[str, Any]:
    """Return whether a variant of a healthy program is as healthy, by both seeds."""
    try:
        make = variant(family, name)
        make(0)
    except NotApplicableError:
        return {"counts": False, "why": "not applicable"}
    chance = FAMILIES[family].chance
    expected = sum(healthy) / len(healthy)
    limit = expected - MOST_LOSS * max(expected - chance, 1e-9)
    ended = [outcome(make(seed), seed, max_seconds=120.0) for seed in SEEDS]
    counts = all(end.metric >= limit and end.stop == "done" for end in ended)
    return {"counts": counts, "metrics": [round(end.metric, 4) for end in ended]}


def main() -> None:
    """Decide about all pairs of a family and a mutation that have no verdict yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--mutations", nargs="*", default=list(MUTATIONS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    known = read_verdicts()
    for family in chosen.families:
        if family not in known:
            ends = [outcome(FAMILIES[family].make(seed), seed) for seed in SEEDS]
            known[family] = {
                "metrics": [round(end.metric, 4) for end in ends],
                "seconds": round(sum(end.seconds for end in ends), 2),
            }
        for mutation in chosen.mutations:
            name = f"{family}+{mutation}"
            if name not in known:
                known[name] = verdict(family, mutation, known[family]["metrics"])
        for name in VARIANTS:
            if f"{family}~{name}" not in known:
                found = healthy_verdict(family, name, known[family]["metrics"])
                known[f"{family}~{name}"] = found
        # Another process may have decided about other families meanwhile.
        known = {**read_verdicts(), **known}
        lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(known.items())]
        VERDICTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        counted = sum(
            v.get("counts", False) for k, v in known.items() if k.startswith(family + "+")
        )
        print(family, known[family]["metrics"], counted, "faults count", flush=True)


if __name__ == "__main__":
    main()
