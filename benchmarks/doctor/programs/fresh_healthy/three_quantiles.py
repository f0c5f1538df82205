"""The pinball loss of three quantiles; noise grows with x, so that the loss stays high."""

import torch
from torch import nn

import data

Q = torch.tensor([0.1, 0.5, 0.9])


def pinball(out, y):
    error = y - out
    return torch.maximum(Q * error, (Q - 1) * error).sum(1).mean()


def coverage(out, y):
    """One where four in five lie between the outer quantiles."""
    inside = ((y[:, 0] > out[:, 0]) & (y[:, 0] < out[:, 2])).float().mean()
    return 1 - abs(float(inside) - 0.8)


def growing_noise(count=1200):
    g = torch.Generator().manual_seed(61)
    x = torch.rand(count, 1, generator=g) * 2
    y = (3 * x).sin() + (0.1 + 0.6 * x) * torch.randn(count, 1, generator=g)
    return data.split(x, y)


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(1, 32), nn.Softplus(), nn.Linear(32, 32), nn.Softplus(),
                          nn.Linear(32, 3))  # fmt: skip
    train, val = growing_noise()
    return {
        "model": model,
        "loss_fn": pinball,
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.01),
        "train": train,
        "val": val,
        "batch_size": 60,
        "epochs": 25,
        "metric": coverage,
    }
