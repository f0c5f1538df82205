"""Thirty flowers to learn from and thirty to check; a linear model, all in one batch."""

import torch
from torch import nn

import data


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (vx, vy) = data.table("iris")
    model = nn.Linear(4, 3)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.1, weight_decay=1e-3),
        "train": (x[:30], y[:30]),
        "val": (vx[:30], vy[:30]),
        "batch_size": 30,
        "epochs": 100,
        "metric": "accuracy",
    }
