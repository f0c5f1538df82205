"""Memory and time of the memory modes and of reversible blocks at 20 to 1202 layers.

Every run is a process of its own, as peak memory never falls again; the modes take turns.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from headway.engine.machine import keep_freed_memory
from headway.engine.memory import MemoryMode, apply_memory_mode
from headway.measure import resident_bytes, saved_bytes
from headway.models import build_model
from headway.optim import build_optimizer
from timing import (
    Report,
    Runs,
    Table,
    alternate,
    figure,
    in_child,
    parser,
    seconds_per_call,
)

DEPTHS = (20, 56, 110, 1202)
BATCH_SIZE = 32
# Reversible networks have 12n + 2 layers.
_REVERSIBLE_STEP = 12
Arm = MemoryMode | Literal["reversible"]
MODES: tuple[Arm, ...] = get_args(MemoryMode)
NOTES = (
    "A step is forward, backward and fused SGD in float32 on one batch of 32 images, 32x32; "
    "'time ratio' is that of the median to that of 'store'.",
    "'reversible' is revnet-N, which has as many layers, parameters and multiply-adds within "
    "0.2 %; there is one of 12n + 2 layers, so of 110 and 1202 here.",
    "'saved' is what autograd keeps for the backward pass, without parameters.",
    "'peak' is the largest resident memory of the whole process, after what it held before "
    "the network was made ('start'); once with headway's allocator policy, which is also "
    "the one that is timed, and once with glibc as it comes ('glibc').",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost: seconds of a step, and bytes."""

    seconds: float
    start: int
    peak: int
    saved: int


def cost(depth: int, mode: Arm, has_policy: bool, steps: int) -> Cost:
    """Train a network of `depth` layers for a few steps."""
    if has_policy:
        keep_freed_memory()
    start = resident_bytes().current
    forward, step = _network(depth, mode)
    seconds = seconds_per_call(step, calls=steps)
    peak = resident_bytes().peak
    return Cost(seconds, start, peak, saved_bytes(forward))


def _network(depth: int, mode: Arm) -> tuple[Callable[[], Tensor], Callable[[], None]]:
    """Return the forward pass up to the loss, and a whole step."""
    torch.manual_seed(0)
    kind = "revnet" if mode == "reversible" else "resnet"
    model = build_model(f"{kind}-{depth}", input_shape=(3, 32, 32), num_outputs=10)
    if mode != "reversible":
        apply_memory_mode(model, mode)
    optimizer = build_optimizer(model, name="sgd", lr=1e-4)
    images = torch.randn(BATCH_SIZE, 3, 32, 32)
    targets = torch.randint(10, (BATCH_SIZE,))

    def forward() -> Tensor:
        return F.cross_entropy(model(images), targets)

    def step() -> None:
        forward().backward()
        optimizer.step()
        optimizer.zero_grad()

    return forward, step


def depth_table(depth: int, arguments: argparse.Namespace) -> Table:
    """Measure all modes at one depth."""
    modes = MODES if (depth - 2) % _REVERSIBLE_STEP else (*MODES, "reversible")

    def arm(mode: Arm, has_policy: bool) -> Callable[[], Cost]:
        run = (cost, depth, mode, has_policy, arguments.steps)
        return partial(in_child, arguments.threads, *run)

    repeats = arguments.repeats
    costs = alternate({mode: arm(mode, True) for mode in modes}, repeats=repeats, warmups=0)
    default = alternate({mode: arm(mode, False) for mode in modes}, repeats=1, warmups=0)
    seconds = {mode: Runs(tuple(run.seconds for run in costs[mode])) for mode in modes}
    names = ("saved MB", "peak MB", "peak MB (glibc)", "start MB")
    rows = [["mode", "s", "spread s", "time ratio", *names, "runs"]]
    for mode in modes:
        runs, first = seconds[mode], costs[mode][0]
        ratio = f"{runs.median / seconds['store'].median:.2f}"
        peak = int(Runs(tuple(float(run.peak) for run in costs[mode])).median)
        bytes_ = (first.saved, peak, default[mode][0].peak, first.start)
        times = (figure(runs.median), figure(runs.spread), ratio)
        rows.append([mode, *times, *(f"{n / 1e6:,.0f}" for n in bytes_), str(repeats)])
    return Table(f"resnet-{depth}, batch {BATCH_SIZE}, 32x32", rows)


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=2, repeats=3)
    command.add_argument("--steps", type=int, default=2, help="timed steps of one run")
    command.add_argument("--depths", type=int, nargs="+", default=DEPTHS)
    arguments = command.parse_args()
    report = Report("depth_memory", arguments, NOTES)
    for depth in arguments.depths:
        report.add(depth_table(depth, arguments))


if __name__ == "__main__":
    main()
