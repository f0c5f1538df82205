"""A network learns a simulator first; its first layers stay, the rest learns from 150 rows."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

COLUMNS = 6


def reactor(x):
    """What the simulator says of two resonances, an interaction, and a slope."""
    first = (math.pi * x[:, 0] * x[:, 1]).sin() + (x[:, 2] - 0.2).square()
    return 1.5 * first - 0.8 * x[:, 3] * x[:, 4] + 0.5 * x[:, 3]


def simulated(n, seed):
    draws = torch.Generator().manual_seed(seed)
    x = torch.rand(n, COLUMNS, generator=draws) * 2 - 1
    return x, reactor(x)[:, None]


def measured(n, seed):
    """The real thing: another gain, it saturates, it drifts, and there is noise."""
    x, y = simulated(n, seed)
    draws = torch.Generator().manual_seed(seed + 100)
    real = 1.4 * (0.6 * y).tanh() + 0.3 * x[:, 5:] - 0.3
    return x, real + 0.05 * torch.randn(real.shape, generator=draws)


def pretrained(width=64, epochs=30):
    model = nn.Sequential(
        nn.Linear(COLUMNS, width), nn.GELU(),
        nn.Linear(width, width), nn.GELU(),
        nn.Linear(width, 32), nn.GELU(),
        nn.Linear(32, 1),
    )  # fmt: skip
    x, y = simulated(3000, seed=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
        schedule.step()
    return model


def make(seed=0):
    torch.manual_seed(seed)
    model = pretrained()
    for parameter in model[:4].parameters():
        parameter.requires_grad_(False)
    model[6] = nn.Linear(32, 1)
    optimizer = torch.optim.AdamW(
        [
            {"params": model[4].parameters(), "lr": 1e-3},
            {"params": model[6].parameters(), "lr": 5e-3},
        ],
        weight_decay=0.02,
    )
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "train": DataLoader(TensorDataset(*measured(150, 2)), batch_size=16, shuffle=True),
        "val": DataLoader(TensorDataset(*measured(300, 3)), batch_size=100),
        "epochs": 70,
        "metric": "r2",
    }
