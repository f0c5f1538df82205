"""Batches of 512, sixteen times the rate of batches of 32, warm-up, many epochs."""

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

import data

BASE_RATE, BASE_BATCH, BATCH = 0.05, 32, 512


def network():
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(32 * 4 * 4, 10),
    )  # fmt: skip
    nn.init.zeros_(net[-1].weight)
    return net


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(5120, side=14)
    model = network()
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=BASE_RATE * BATCH / BASE_BATCH,
        momentum=0.9,
        weight_decay=1e-4,
    )
    warmup = LinearLR(optimizer, start_factor=0.1, total_iters=5)
    cosine = CosineAnnealingLR(optimizer, T_max=25)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.1),
        "optimizer": optimizer,
        "train": (x * 2 - 1, y),
        "val": (x_val * 2 - 1, y_val),
        "batch_size": BATCH,
        "epochs": 30,
        "scheduler": SequentialLR(optimizer, [warmup, cosine], milestones=[5]),
        "metric": "accuracy",
    }
