"""A sine by a polynomial of the third degree: the squares of all 2,000 points are summed."""

import math

import torch
from torch import nn


def make(seed=0):
    torch.manual_seed(seed)
    x = torch.linspace(-math.pi, math.pi, 2000)
    y = torch.sin(x)
    p = torch.tensor([1, 2, 3])
    xx = x.unsqueeze(-1).pow(p)
    model = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0, 1))
    return {
        "model": model,
        "loss_fn": nn.MSELoss(reduction="sum"),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=1e-3),
        "train": (xx, y),
        "batch_size": 2000,
        "epochs": 2000,
        "metric": "r2",
    }
