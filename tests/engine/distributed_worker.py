"""Trains a small network as one of several processes and prints its losses and metrics."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn

from headway.data import ArrayEvaluation, ArrayLoader, ArraySplit, Augmentation
from headway.engine import (
    Callback,
    Checkpointing,
    Distributed,
    Machine,
    Options,
    Precision,
    Setup,
    Trainer,
    Training,
    join,
    leave,
)
from headway.errors import Interrupted
from headway.optim import build_optimizer, build_schedule
from headway.tasks import Classification


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.norm(self.conv(x)))


class Losses(Callback):
    def __init__(self, stop_at: int) -> None:
        self.values: list[float] = []
        self.stop_at = stop_at
        self.trainer: Trainer | None = None

    def on_report(self, report) -> None:
        self.values.append(report.loss)
        if report.step == self.stop_at:
            self.trainer.request_stop(15)

    def on_evaluation(self, report) -> None:
        self.values += [report.values["val/loss"], report.values["val/accuracy"]]


# What changes a step, all of it at once: gradients, weights, averages, statistics.
TECHNIQUES = {
    "clip_mode": "percentile",
    "clip_percentile": 40.0,
    "l1": 1e-3,
    "l2": 1e-3,
    "sam_rho": 0.1,
    "average": "swa",
    "swa_start": 0.5,
    "swa_every": 2,
}


def make_setup(
    *,
    batch_size: int,
    accumulate: int,
    strategy: str,
    optimizer: str,
    training: dict[str, Any],
) -> Setup:
    machine = Machine(device="cpu", threads=1)
    device, shard = join(machine)
    torch.manual_seed(0)
    stage = nn.Sequential(Block(), Block())
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), stage, nn.Flatten(), nn.Linear(256, 4)
    )
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(43, 1, 8, 8, generator=generator)
    targets = torch.randint(4, (43,), generator=generator)
    split = ArraySplit(images, targets)
    train = ArrayLoader(
        split,
        batch_size=batch_size,
        seed=0,
        device=device,
        shard=shard,
        augmentation=Augmentation(flip=True, crop_padding=1, cutout=0),
    )
    total = 2 * train.num_batches
    return Setup(
        model=model,
        task=Classification(4),
        train_data=train,
        val_data=ArrayEvaluation(split, batch_size=8, device=device, shard=shard),
        optimizer=build_optimizer(model, name=optimizer, lr=0.01, weight_decay=1e-4),
        schedule=build_schedule("cosine", total_steps=total),
        total_steps=total,
        options=Options(
            training=Training(
                epochs=2,
                batch_size=batch_size,
                report_every=2,
                accumulate=accumulate,
                **training,
            ),
            precision=Precision(mode="off"),
            machine=machine,
            checkpointing=Checkpointing(every_seconds=1e9),
            distributed=Distributed(strategy=strategy),
        ),
    )


def train(
    *,
    batch_size: int = 8,
    accumulate: int = 1,
    strategy: str = "ddp",
    folder: Path | None = None,
    stop_at: int = 0,
    resume: bool = False,
    optimizer: str = "sgd",
    **training: Any,
) -> list[float]:
    """Return the losses of the reports and the metrics of the evaluations, in order."""
    losses = Losses(stop_at)
    setup = make_setup(
        batch_size=batch_size,
        accumulate=accumulate,
        strategy=strategy,
        optimizer=optimizer,
        training=training,
    )
    trainer = Trainer(setup, checkpoints=folder, callbacks=[losses])
    losses.trainer = trainer
    if resume:
        trainer.resume()
    with suppress(Interrupted):
        trainer.run()
    return losses.values


def main() -> None:
    """Run the cases of this number of processes and print their losses by name."""
    folder = Path(sys.argv[1])
    _, shard = join(Machine(device="cpu"))
    cases = {
        "plain": train(),
        "uneven": train(batch_size=9),
        "accumulated": train(accumulate=2),
        "techniques": train(**TECHNIQUES),
        "sharded techniques": train(strategy="fsdp", **TECHNIQUES),
        "muon": train(optimizer="muon"),
        "sharded muon": train(optimizer="muon", strategy="fsdp"),
    }
    for strategy in ("ddp", "fsdp"):
        if shard.world_size > 1:
            cases[strategy] = train(strategy=strategy)
            train(strategy=strategy, folder=folder / strategy, stop_at=6)
        else:
            cases[f"resumed {strategy}"] = train(folder=folder / strategy, resume=True)
    if shard.rank == 0:
        sys.stdout.write(json.dumps(cases) + "\n")
        sys.stdout.flush()
    leave()
    # Torch's background threads now and then abort an interpreter that tears itself down.
    os._exit(0)


if __name__ == "__main__":
    main()
