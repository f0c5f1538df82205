"""Sharpness-aware steps: weights move uphill, and the gradient there is used back home."""

import torch
from torch import nn

import data


def step(model, optimizer, loss_fn, x, y, rho=0.05):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    params = [p for p in model.parameters() if p.grad is not None]
    with torch.no_grad():
        norm = torch.stack([p.grad.norm() for p in params]).norm() + 1e-12
        moves = [p.grad * (rho / norm) for p in params]
        for p, move in zip(params, moves, strict=True):
            p.add_(move)
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    with torch.no_grad():
        for p, move in zip(params, moves, strict=True):
            p.sub_(move)
    optimizer.step()
    return loss.detach()


def make(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 24, 3), nn.ReLU(), nn.Flatten(), nn.Linear(384, 10),
    )  # fmt: skip
    train, val = data.digits()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 5,
        "metric": "accuracy",
        "step": step,
    }
