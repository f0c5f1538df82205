"""Counts of rented bicycles by a Poisson regression: the network gives the log of the rate."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def rentals(n=2400):
    rng = np.random.default_rng(17)
    hour, holiday = rng.integers(0, 24, n), rng.random(n) < 0.3
    temperature, rain = rng.normal(13, 8, n), rng.random(n) < 0.2
    commute = np.exp(-((hour - 8) ** 2) / 3) + np.exp(-((hour - 17) ** 2) / 5)
    stroll = np.exp(-((hour - 14) ** 2) / 16)
    rate = 4 + 70 * np.where(holiday, 0.9 * stroll, commute + 0.3 * stroll)
    rate = rate * np.exp(-(((temperature - 22) / 14) ** 2)) * np.where(rain, 0.4, 1)
    angle = 2 * math.pi * hour / 24
    x = [np.sin(angle), np.cos(angle), holiday, (temperature - 13) / 8, rain]
    return np.column_stack(x).astype("float32"), rng.poisson(rate).astype("float32")


class PoissonNet(nn.Module):
    def __init__(self, typical):
        super().__init__()
        self.a = nn.Linear(5, 64)
        self.b = nn.Linear(64, 64)
        self.c = nn.Linear(64, 1)
        nn.init.constant_(self.c.bias, math.log(typical))

    def forward(self, x):
        return self.c(F.silu(self.b(F.silu(self.a(x))))).squeeze(1)


def explained_deviance(log_rate, count):
    def deviance(rate):
        return (torch.xlogy(count, count / rate) - count + rate).sum()

    return (1 - deviance(log_rate.exp()) / deviance(count.mean())).item()


def make(seed=0):
    torch.manual_seed(seed)
    x, count = map(torch.from_numpy, rentals())
    model = PoissonNet(count[:1800].mean().item())
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": nn.PoissonNLLLoss(log_input=True),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30, 1e-4),
        "train": (x[:1800], count[:1800]),
        "val": (x[1800:], count[1800:]),
        "batch_size": 32,
        "epochs": 30,
        "metric": explained_deviance,
    }
