"""A small Setup with all that a resume can get wrong: dropout, batch norm, augmentation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from headway.data import ArrayEvaluation, ArrayLoader, ArraySplit, Augmentation
from headway.engine import Checkpointing, Machine, Options, Precision, Setup, Training
from headway.optim import Warmup, build_optimizer, build_schedule
from headway.tasks import Classification

CPU_MACHINE = Machine(device="cpu", threads=1, onednn_linear=False)
MakeSetup = Callable[..., Setup]


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(4 * 8 * 8, 4),
    )


def small_split(num_samples: int = 50, *, seed: int = 0) -> ArraySplit:
    """Return noise with a bright band whose height tells the class."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(4, (num_samples,), generator=generator)
    images = torch.randint(60, (num_samples, 1, 8, 8), generator=generator)
    for image, target in zip(images, targets.tolist(), strict=True):
        image[0, 2 * target : 2 * target + 2] += 150
    return ArraySplit(images.to(torch.uint8), targets)


@pytest.fixture
def make_setup() -> MakeSetup:
    """Build a fresh, equal Setup each time; keyword arguments change its training."""

    def make(
        *,
        model: nn.Module | None = None,
        epochs: int = 3,
        lr: float = 0.05,
        optimizer: str = "sgd",
        schedule: str = "cosine",
        precision: str = "off",
        checkpointing: Checkpointing | None = None,
        distributed: Any = None,
        machine: Machine = CPU_MACHINE,
        **training: Any,
    ) -> Setup:
        model = small_network() if model is None else model
        options = Options(
            training=Training(
                **{"epochs": epochs, "batch_size": 8, "report_every": 4, **training}
            ),
            precision=Precision(mode=precision, channels_last=True),
            machine=machine,
            checkpointing=checkpointing or Checkpointing(every_seconds=1e9),
        )
        if distributed is not None:
            options = replace(options, distributed=distributed)
        device = torch.device(machine.device)
        train = ArrayLoader(
            small_split(),
            batch_size=8,
            seed=0,
            device=device,
            augmentation=Augmentation(flip=True, crop_padding=1, cutout=2),
        )
        total = training.get("max_steps") or epochs * train.num_batches
        return Setup(
            model=nn.Sequential(_ToFloat(), model),
            task=Classification(4),
            train_data=train,
            val_data=ArrayEvaluation(small_split(20, seed=1), batch_size=8, device=device),
            optimizer=build_optimizer(
                model, name=optimizer, lr=lr, momentum=0.9, weight_decay=1e-4
            ),
            schedule=Warmup(
                build_schedule(schedule, total_steps=total, patience=0), steps=3
            ),
            total_steps=total,
            options=options,
        )

    return make


class _ToFloat(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float() / 255
