"""What the Trainer costs per step over a bare PyTorch loop, beside other libraries.

Every loop runs in a process of its own, in turn with a bare loop there, on the same batches
with the same optimizer, and all but Keras must end with exactly the bare loop's weights.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch.nn import functional as F
from torch.optim import SGD

import rivals
from headway.data import ArrayLoader, ArraySplit, Batch
from headway.engine import (
    Callback,
    Machine,
    Options,
    Precision,
    Setup,
    Trainer,
    Training,
    autocast,
)
from headway.engine.machine import keep_freed_memory
from headway.optim import Constant
from headway.runs import RunRecord
from headway.tasks import Classification
from timing import Clock, Report, Runs, Table, alternate, figure, in_child, parser
from workload import NUM_CLASSES, PLAIN, SGD_SETTINGS, Finish, Job, Workload, finish

CPU = torch.device("cpu")
NOTES = (
    "Both loops run under the allocator policy, which headway sets by default.",
    "One process per row; its two loops run in turn. 'added' is the median difference of "
    "neighbouring runs, 'spread' the interquartile range of these differences, 'ratio' that "
    "of the medians.",
    "headway reads the losses and reports every 20 steps; with a run record it also writes "
    "the reports to disk. The bare loop never reads a loss.",
    "'same weights': every run of the row ended with exactly the bare loop's weights.",
    "Rivals get finished batches; logging, checkpoints and progress bars are off. Keras has "
    "its own optimizer.",
)


def bare(work: Workload, split: ArraySplit) -> Finish:
    """Train with a loop that has nothing but torch in it."""
    clock = Clock(work.skip, work.num_batches)
    channels_last = work.precision.channels_last
    model = work.network()
    if channels_last:
        model.to(memory_format=torch.channels_last)
    optimizer = SGD(model.parameters(), **SGD_SETTINGS)
    context = autocast(work.precision, CPU)
    for inputs, targets in clock.watch(work.gather(split)):
        if channels_last:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        with context:
            loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = SGD_SETTINGS["lr"]
        optimizer.step()
        optimizer.zero_grad()
    return finish(clock.seconds_per_step, model)


class _WatchedLoader(ArrayLoader):
    """An `ArrayLoader` whose batches pass a clock."""

    clock: Clock

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        return self.clock.watch(super().batches(epoch, start))


def headway(work: Workload, split: ArraySplit, record: RunRecord | None = None) -> Finish:
    """Train with the Trainer, which reports to a callback."""
    data = _WatchedLoader(split, batch_size=work.batch_size, seed=0, device=CPU)
    data.clock = Clock(work.skip, work.num_batches)
    model = work.network()
    setup = Setup(
        model=model,
        task=Classification(NUM_CLASSES),
        train_data=data,
        optimizer=SGD(model.parameters(), **SGD_SETTINGS),
        schedule=Constant(),
        total_steps=work.num_batches,
        options=_options(work),
    )
    Trainer(setup, record=record, callbacks=[Callback()]).run()
    return finish(data.clock.seconds_per_step, model)


def _options(work: Workload) -> Options:
    # oneDNN would make headway faster than the bare loop; what it is worth is measured in
    # cpu_defaults.py. The allocator policy is set for both.
    machine = Machine(
        device="cpu", threads=torch.get_num_threads(), allocator=False, onednn_linear=False
    )
    training = Training(report_every=20)
    return Options(precision=work.precision, machine=machine, training=training)


def recorded(work: Workload, split: ArraySplit) -> Finish:
    """Train with the Trainer and a run record."""
    with tempfile.TemporaryDirectory() as folder:
        record = RunRecord.create(Path(folder) / "run", recipe={}, environment={})
        try:
            return headway(work, split, record)
        finally:
            record.close()


def rival(name: str, work: Workload, split: ArraySplit) -> Finish:
    """Train with another library."""
    clock = Clock(work.skip, work.num_batches)
    model = work.network()
    job = Job(model, work.num_batches, lambda: clock.watch(work.gather(split)))
    rivals.run(name, job)
    return finish(clock.seconds_per_step, model)


OURS: dict[str, Callable[[Workload, ArraySplit], Finish]] = {
    "headway": headway,
    "headway, run record": recorded,
}


def measure(name: str, work: Workload, repeats: int) -> list[str]:
    """Run a loop and the bare one in turn; return the cells of the loop's row."""
    # For both loops: without it, how often glibc gives memory back decides the times.
    keep_freed_memory()
    split = work.split()
    loop = OURS.get(name) or partial(rival, name)
    arms = {"bare": partial(bare, work, split), "loop": partial(loop, work, split)}
    finished = alternate(arms, repeats=repeats)
    pairs = list(zip(finished["bare"], finished["loop"], strict=True))
    bare_runs = Runs(tuple(1e6 * a.seconds for a, _ in pairs))
    loop_runs = Runs(tuple(1e6 * b.seconds for _, b in pairs))
    added = Runs(tuple(1e6 * (b.seconds - a.seconds) for a, b in pairs))
    ratio = f"{loop_runs.median / bare_runs.median:.3f}"
    is_same = all(torch.equal(a.weights, b.weights) for a, b in pairs)
    numbers = (bare_runs.median, loop_runs.median, added.median, added.spread)
    return [name, *map(figure, numbers), ratio, "yes" if is_same else "no"]


def table(work: Workload, names: list[str], arguments: argparse.Namespace) -> Table:
    """Measure every loop; leave out other libraries that do not run, and say why."""
    rows = [["loop", "bare us", "us", "added us", "spread us", "ratio", "same weights"]]
    for name in names:
        try:
            row = in_child(arguments.threads, measure, name, work, arguments.repeats)
        # Whatever another library raises, the rest is still to be measured.
        except Exception as error:
            if name in OURS:
                raise
            print(f"skipped {name}: {type(error).__name__}: {error}")
        else:
            rows.append(row)
            print(" ".join(row), flush=True)
    return Table(f"{work.name}: {work.num_batches} steps, {arguments.repeats} runs", rows)


def workloads(steps: int) -> list[Workload]:
    """Return the tiny network, and ResNet-20 for a hundredth of the steps."""
    tiny = Workload(
        name="MLP 64-64-10, batch 32",
        model="mlp",
        options={"hidden": (64,)},
        input_shape=(64,),
        batch_size=32,
        num_batches=steps,
        skip=steps // 10,
    )
    resnet = Workload(
        name="ResNet-20, batch 128, float32",
        model="resnet-20",
        options={},
        input_shape=(3, 32, 32),
        batch_size=128,
        num_batches=max(4, steps // 100),
        skip=1,
    )
    fast = Precision(mode="bf16", channels_last=True)
    name = "ResNet-20, batch 128, bf16 and channels last"
    return [tiny, resnet, replace(resnet, name=name, precision=fast)]


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=1, repeats=9)
    command.add_argument("--steps", type=int, default=2000, help="steps of the tiny MLP")
    command.add_argument("--rivals", choices=("none", "all"), default="all")
    arguments = command.parse_args()
    report = Report("engine_overhead", arguments, NOTES)
    for work in workloads(arguments.steps):
        has_rivals = arguments.rivals == "all" and work.precision == PLAIN
        names = [*OURS, *(rivals.RIVALS if has_rivals else ())]
        report.add(table(work, names, arguments))


if __name__ == "__main__":
    main()
