"""The rate starts at a hundredth, warms up for three epochs, then falls and jumps up again."""

import math

import torch
from torch import nn

import data


def factor(epoch):
    if epoch < 3:
        return (0.01, 0.2, 0.6)[epoch]
    return 0.02 + 0.98 * (1 + math.cos(math.pi * ((epoch - 3) % 6) / 6)) / 2


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64),
        nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=1e-3
    )
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.1),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, factor),
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 15,
        "metric": "accuracy",
    }
