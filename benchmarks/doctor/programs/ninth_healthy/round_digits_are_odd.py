"""An autoencoder knows fours, sevens and nines; its errors tell other digits as anomalies.

The model gives the error of each picture; the others, at validation only, are not in the loss.
"""

import torch
import torch.nn as nn

import data


class ErrorOfReconstruction(nn.Module):
    def __init__(self, code=16, noise=0.3):
        super().__init__()
        self.noise = noise
        self.encoder = nn.Sequential(nn.Linear(196, 128), nn.GELU(), nn.Linear(128, code))
        self.decoder = nn.Sequential(
            nn.LayerNorm(code), nn.Linear(code, 128), nn.GELU(), nn.Linear(128, 196)
        )

    def forward(self, x):
        x = x.flatten(1)
        seen = x + self.noise * torch.randn_like(x) if self.training else x
        drawn = self.decoder(self.encoder(seen))
        return (drawn - x).square().mean(1)


class MeanOfNormalErrors(nn.Module):
    """Anomalies (label 1) have no part in the loss."""

    def forward(self, errors, is_anomaly):
        known = 1 - is_anomaly
        return (errors * known).sum() / known.sum().clamp(min=1)


def auroc(errors, is_anomaly):
    """How often an anomaly has a larger error than a known digit."""
    odd, known = errors[is_anomaly == 1], errors[is_anomaly == 0]
    if len(odd) == 0 or len(known) == 0:
        return 0.5
    return float((odd[:, None] > known[None]).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (vx, vy) = data.mnist(4500, side=14)
    known = x[(y == 4) | (y == 7) | (y == 9)]
    is_anomaly = ((vy != 4) & (vy != 7) & (vy != 9)).float()
    model = ErrorOfReconstruction()
    return {
        "model": model,
        "loss_fn": MeanOfNormalErrors(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": (known, torch.zeros(len(known))),
        "val": (vx, is_anomaly),
        "batch_size": 32,
        "epochs": 20,
        "metric": auroc,
    }
