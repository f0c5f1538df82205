"""Amounts over six orders of magnitude; the network learns their logarithm."""

import torch
from torch import nn

import data


def claims(n=1600):
    g = torch.Generator().manual_seed(31)
    x = torch.randn(n, 6, generator=g)
    mean = 1.4 * x[:, 0] + x[:, 1].abs() - 1.2 * (x[:, 2] * x[:, 3]).tanh()
    amount = (6 + 1.3 * mean + 0.7 * torch.randn(n, generator=g)).exp()
    return data.split(x, amount[:, None])


def msle(log_amount, amount):
    return (log_amount - torch.log1p(amount)).square().mean()


def score(log_amount, amount):
    wanted = torch.log1p(amount)
    return float(1 - (log_amount - wanted).square().mean() / wanted.var())


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(6, 48), nn.ELU(), nn.Linear(48, 48), nn.ELU(), nn.Linear(48, 1)
    )
    train, val = claims()
    return {
        "model": model,
        "loss_fn": msle,
        "optimizer": torch.optim.Adam(model.parameters(), lr=4e-3),
        "train": train,
        "val": val,
        "batch_size": 40,
        "epochs": 20,
        "metric": score,
    }
