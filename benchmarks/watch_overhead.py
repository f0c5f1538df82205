"""What the watch costs: the same training with and without it, in turn.

Both loops must end with the same weights to the last bit.
"""

import argparse

import torch
from torch.nn import functional as F
from torch.optim import SGD

from headway import watch
from headway.data import ArraySplit
from headway.engine.machine import keep_freed_memory
from timing import Clock, Report, Runs, Table, alternate, figure, in_child, parser
from workload import SGD_SETTINGS, Finish, Workload, finish

NOTES = (
    "One process per row; its two loops run in turn. 'added' is the median difference of "
    "neighbouring runs, 'spread' the interquartile range of these differences, 'ratio' that "
    "of the medians.",
    "The watch is as it comes: it samples as often as 3 % of the time allow. A run of "
    "ResNet-20 is so short that its first samples weigh more than in a training.",
    "'samples' is how often the layers were looked at in the last run.",
    "'same weights': every watched run ended with exactly the weights of the plain one.",
)


def plain(work: Workload, split: ArraySplit) -> Finish:
    """Train with a loop that has nothing but torch in it."""
    clock = Clock(work.skip, work.num_batches)
    model = work.network()
    optimizer = SGD(model.parameters(), **SGD_SETTINGS)
    for inputs, targets in clock.watch(work.gather(split)):
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return finish(clock.seconds_per_step, model)


def watched(work: Workload, split: ArraySplit, samples: list[int]) -> Finish:
    """Train with the same loop, watched."""
    clock = Clock(work.skip, work.num_batches)
    model = work.network()
    optimizer = SGD(model.parameters(), **SGD_SETTINGS)
    with watch(model, optimizer) as seen:
        for inputs, targets in clock.watch(work.gather(split)):
            loss = F.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            seen.step(loss)
    samples.append(seen.view.num_samples)
    return finish(clock.seconds_per_step, model)


def measure(work: Workload, repeats: int) -> list[str]:
    """Run both loops in turn and return a row of the table."""
    # For both loops: without it, how often glibc gives memory back decides the times.
    keep_freed_memory()
    split = work.split()
    samples: list[int] = []
    arms = {
        "plain": lambda: plain(work, split),
        "watched": lambda: watched(work, split, samples),
    }
    finished = alternate(arms, repeats=repeats)
    pairs = list(zip(finished["plain"], finished["watched"], strict=True))
    before = Runs(tuple(1e6 * a.seconds for a, _ in pairs))
    after = Runs(tuple(1e6 * b.seconds for _, b in pairs))
    added = Runs(tuple(1e6 * (b.seconds - a.seconds) for a, b in pairs))
    numbers = (before.median, after.median, added.median, added.spread)
    is_same = all(torch.equal(a.weights, b.weights) for a, b in pairs)
    ratio = f"{after.median / before.median:.3f}"
    same = "yes" if is_same else "no"
    return [work.name, *map(figure, numbers), ratio, str(samples[-1]), same]


def workloads(arguments: argparse.Namespace) -> list[Workload]:
    """Return the tiny network, and ResNet-20 for so few steps that a run takes seconds."""
    tiny = Workload(
        name="MLP 64-64-10, batch 32",
        model="mlp",
        options={"hidden": (64,)},
        input_shape=(64,),
        batch_size=32,
        num_batches=arguments.steps,
        skip=arguments.steps // 10,
    )
    resnet = Workload(
        name="ResNet-20, batch 128",
        model="resnet-20",
        options={},
        input_shape=(3, 32, 32),
        batch_size=128,
        num_batches=max(4, arguments.steps // 600),
        skip=1,
    )
    return [tiny, resnet]


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=1, repeats=9)
    command.add_argument("--steps", type=int, default=10000, help="steps of the tiny MLP")
    arguments = command.parse_args()
    report = Report("watch_overhead", arguments, NOTES)
    header = "loop,plain us,watched us,added us,spread us,ratio,samples,same weights"
    rows = [header.split(",")]
    rows += [
        in_child(arguments.threads, measure, work, arguments.repeats)
        for work in workloads(arguments)
    ]
    report.add(Table(f"{arguments.steps} steps, {arguments.repeats} runs", rows))


if __name__ == "__main__":
    main()
