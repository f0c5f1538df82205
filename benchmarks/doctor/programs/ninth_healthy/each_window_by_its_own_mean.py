"""Forecasts of meters of all sizes: a window is scaled by itself, and back at the end.

An MLP over past values, no recurrence; the loss is the mean absolute error, scaled.
"""

import math

import torch
from torch import nn

PAST, AHEAD = 48, 12


def meters(count, seed):
    """Loads with a day and half a day as periods, a slow drift, and levels from 5 to 500."""
    g = torch.Generator().manual_seed(seed)

    def uniform(low, high):
        return low + (high - low) * torch.rand(count, 1, generator=g)

    t = torch.arange(PAST + AHEAD)[None]
    day = 2 * math.pi * t / 24 + uniform(0, 2 * math.pi)
    shape = day.sin() + uniform(0.2, 0.9) * (2 * day + uniform(0, 2 * math.pi)).sin()
    shape = torch.where(shape > 0, shape * uniform(0.6, 1.4), shape * 0.5)
    drift = uniform(-0.02, 0.02) * t
    noise = 0.1 * torch.randn(count, PAST + AHEAD, generator=g)
    level = 10 ** uniform(0.7, 2.7)
    series = level * (4 + shape + drift + noise)
    return series[:, :PAST], series[:, PAST:]


class RevIN(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.gain, self.shift = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        std = x.std(1, keepdim=True) + 1e-5
        y = self.inner((x - mean) / std * self.gain + self.shift)
        return torch.cat([(y - self.shift) / self.gain * std + mean, std], dim=1)


def scaled_mae(output, target):
    forecast, std = output[:, :-1], output[:, -1:].detach()
    return ((forecast - target) / std).abs().mean()


def skill(output, target):
    """Share of the variance within the hours to come that the forecast explains."""
    forecast, std = output[:, :-1], output[:, -1:]
    flat = ((target - target.mean(1, keepdim=True)) / std).square().mean()
    return (1 - ((forecast - target) / std).square().mean() / flat).item()


def make(seed=0):
    torch.manual_seed(seed)
    model = RevIN(
        nn.Sequential(
            nn.Linear(PAST, 96),
            nn.GELU(),
            nn.Linear(96, 96),
            nn.GELU(),
            nn.Linear(96, AHEAD),
        )
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
    return {
        "model": model,
        "loss_fn": scaled_mae,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
        "train": meters(3000, 51),
        "val": meters(500, 52),
        "batch_size": 64,
        "epochs": 16,
        "metric": skill,
    }
