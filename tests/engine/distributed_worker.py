"""Trains a small network as one of several processes and prints its losses and metrics."""

import argparse
import json
from pathlib import Path

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
    def __init__(self, stop_at: int, trainer_box: list[Trainer]) -> None:
        self.values: list[float] = []
        self.stop_at = stop_at
        self.trainer_box = trainer_box

    def on_report(self, report) -> None:
        self.values.append(report.loss)
        if report.step == self.stop_at:
            self.trainer_box[0].request_stop(15)

    def on_evaluation(self, report) -> None:
        self.values += [report.values["val/loss"], report.values["val/accuracy"]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--strategy", default="ddp")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--stop-at", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
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
        batch_size=arguments.batch_size,
        seed=0,
        device=device,
        shard=shard,
        augmentation=Augmentation(flip=True, crop_padding=1, cutout=0),
    )
    total = 2 * train.num_batches
    setup = Setup(
        model=model,
        task=Classification(4),
        train_data=train,
        val_data=ArrayEvaluation(split, batch_size=8, device=device, shard=shard),
        optimizer=build_optimizer(model, name="sgd", lr=0.1, weight_decay=1e-4),
        schedule=build_schedule("cosine", total_steps=total),
        total_steps=total,
        options=Options(
            training=Training(
                epochs=2, batch_size=8, report_every=2, accumulate=arguments.accumulate
            ),
            precision=Precision(mode="off"),
            machine=machine,
            checkpointing=Checkpointing(every_seconds=1e9),
            distributed=Distributed(strategy=arguments.strategy),
        ),
    )
    box: list[Trainer] = []
    losses = Losses(arguments.stop_at, box)
    trainer = Trainer(setup, checkpoints=arguments.folder, callbacks=[losses])
    box.append(trainer)
    if arguments.resume:
        trainer.resume()
    try:
        trainer.run()
    except Interrupted:
        pass
    if shard.rank == 0:
        print(json.dumps(losses.values))
    leave()


if __name__ == "__main__":
    main()
