"""Fifty residual blocks of two layers each, normalized before, of sixteen units."""

import torch
from torch import nn

import data


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.f = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x):
        return x + self.f(self.norm(x)) / 50**0.5


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(64, 16), *(Residual(16) for _ in range(50)), nn.LayerNorm(16),
        nn.Linear(16, 10),
    )  # fmt: skip
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": opt,
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 8,
        "metric": "accuracy",
    }
