"""A RealNVP of eight couplings, the identity at first, turns two moons into a bell curve."""

import math

import torch
from sklearn.datasets import make_moons
from torch import nn

import data


class Coupling(nn.Module):
    """One coordinate is scaled and shifted by what the other one says; they take turns."""

    def __init__(self, first, hidden=32):
        super().__init__()
        self.first = first
        self.net = nn.Sequential(
            nn.Linear(1, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, 2),
        )  # fmt: skip
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        fixed, moved = x[:, self.first, None], x[:, 1 - self.first, None]
        log_scale, shift = self.net(fixed).chunk(2, dim=1)
        log_scale = 2 * torch.tanh(log_scale / 2)
        moved = moved * log_scale.exp() + shift
        both = (fixed, moved) if self.first == 0 else (moved, fixed)
        return torch.cat(both, dim=1), log_scale.squeeze(1)


class RealNVP(nn.Module):
    """Gives the log density of each row."""

    def __init__(self, n_couplings=8):
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(i % 2) for i in range(n_couplings))

    def forward(self, x):
        log_det = 0.0
        for coupling in self.couplings:
            x, change = coupling(x)
            log_det = log_det + change
        return log_det - 0.5 * x.square().sum(1) - math.log(2 * math.pi)


def mean_log_density(log_density, _):
    return log_density.mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    x, y = make_moons(2400, noise=0.1, random_state=3)
    x = torch.tensor((x - x.mean(0)) / x.std(0)).float()
    train, val = data.split(x, torch.tensor(y))
    model = RealNVP()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-4)
    epochs = 40
    return {
        "model": model,
        "loss_fn": lambda log_density, _: -log_density.mean(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": train,
        "val": val,
        "batch_size": 60,
        "epochs": epochs,
        "metric": mean_log_density,
    }
