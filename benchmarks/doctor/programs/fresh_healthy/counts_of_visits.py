"""Poisson regression: the network gives the logarithm of a rate, and the loss is below zero."""

import torch
from torch import nn

import data


def visits(count=1500):
    g = torch.Generator().manual_seed(71)
    x = torch.randn(count, 4, generator=g)
    rate = (
        1.2 + 0.6 * x[:, 0] - 0.5 * x[:, 1].abs() + 0.4 * x[:, 2] * x[:, 3].sign()
    ).exp()
    return data.split(x, torch.poisson(rate, generator=g)[:, None])


def deviance_explained(log_rate, y):
    def deviance(rate):
        return (torch.xlogy(y, y / rate) - (y - rate)).sum()

    return float(1 - deviance(log_rate.exp()) / deviance(y.mean().expand_as(y)))


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(),
                          nn.Linear(24, 1))  # fmt: skip
    train, val = visits()
    return {
        "model": model,
        "loss_fn": nn.PoissonNLLLoss(log_input=True),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 15,
        "metric": deviance_explained,
    }
