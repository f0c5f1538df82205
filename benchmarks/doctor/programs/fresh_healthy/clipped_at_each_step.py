"""The norm of gradients is cut to 0.05 at every step, so the rate is as large as one."""

import torch
from torch import nn

import data


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
        nn.Linear(64, 10),
    )  # fmt: skip

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.05)
        optimizer.step()
        return loss

    train, val = data.mnist(1500, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=1.0),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 16,
        "metric": "accuracy",
        "step": step,
    }
