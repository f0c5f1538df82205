"""A link function takes the exponential below zero and a line above it, by torch.where.

The branch that is not taken overflows once a prediction passes 88, and its gradient is NaN.
"""

import numpy as np
import torch
import torch.nn as nn

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/68425"
CAUSES = ("numerics",)


def bike_rentals(n=2400, seed=5):
    """Hour, day of the week, temperature, wind; rentals of members and of casual riders."""
    rng = np.random.default_rng(seed)
    hour, day = rng.integers(24, size=n), rng.integers(7, size=n)
    temperature, wind = rng.normal(15, 8, size=n), rng.gamma(2, 6, size=n)
    angle = 2 * np.pi * hour / 24
    rush = np.exp(-((hour - 8) ** 2) / 4) + 1.2 * np.exp(-((hour - 17) ** 2) / 6)
    afternoon = np.exp(-((hour - 14) ** 2) / 20)
    warm = 1 / (1 + np.exp(-(temperature - 12) / 5))
    members = 12 + 150 * rush * (day < 5) * (0.4 + 0.6 * warm) + 50 * afternoon * warm
    casual = 3 + 140 * afternoon * warm**2 * (0.35 + 0.65 * (day >= 5))
    rates = np.stack([members, casual], axis=1) * np.exp(-wind / 60)[:, None]
    x = np.stack(
        (
            *(np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)),
            *((day >= 5) * 2.0 - 1, (temperature - 15) / 8, (wind - 12) / 8.5),
        ),
        axis=1,
    )
    return torch.tensor(x).float(), torch.tensor(rng.poisson(rates)).float()


def positive_rate(eta):
    return torch.where(eta <= 0, torch.exp(eta), 1 + eta)


def positive_rate_clamped(eta):
    return torch.where(eta <= 0, torch.exp(eta.clamp(max=0)), 1 + eta)


class RentalNet(nn.Module):
    def __init__(self, link):
        super().__init__()
        self.link = link
        self.fc1 = nn.Linear(7, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 2)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.link(self.fc3(x))


def r2_of_both(pred, counts):
    residual = (pred - counts).square().sum(0)
    return float((1 - residual / (counts - counts.mean(0)).square().sum(0)).mean())


def make(seed, link):
    torch.manual_seed(seed)
    train, val = data.split(*bike_rentals())
    model = RentalNet(link)
    return {
        "model": model,
        "loss_fn": nn.PoissonNLLLoss(log_input=False),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 40,
        "metric": r2_of_both,
    }


def make_faulty(seed=0):
    return make(seed, positive_rate)


def make_fixed(seed=0):
    return make(seed, positive_rate_clamped)
