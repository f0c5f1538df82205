"""How stiff, how damped and how far pulled a spring is, all three from one noisy recording."""

import numpy as np
import torch
from torch import nn

import data


def springs(n=1600, steps=40):
    rng = np.random.default_rng(21)
    frequency = rng.uniform(0.8, 2.4, n)
    damping = rng.uniform(0.1, 1.0, n)
    amplitude = rng.uniform(0.5, 2.0, n)
    t = np.linspace(0, 3, steps)
    swing = np.exp(-damping[:, None] * t) * np.cos(2 * np.pi * frequency[:, None] * t)
    recording = amplitude[:, None] * swing + 0.05 * rng.standard_normal((n, steps))
    y = np.stack([frequency, damping, amplitude], axis=1)
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    return torch.from_numpy(recording).float(), torch.from_numpy(y).float()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.split(*springs())
    body = [nn.Linear(40, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 48)]
    model = nn.Sequential(*body, nn.SiLU(), nn.Linear(48, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(beta=0.5),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [20, 26], gamma=0.3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 30,
        "metric": "r2",
    }
