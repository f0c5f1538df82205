"""Survival in discrete time: one logit for each of eight quarters, masked once a case is over.

Targets are two rows for each case, whether it ended in a quarter and whether it was still open.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

QUARTERS = 8


class Contracts(Dataset):
    """Contracts that are canceled some day, or that were still running when we looked."""

    def __init__(self, n=4000, seed=31):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, size=(n, 6))
        plan = rng.integers(5, size=n)
        base = np.array([-2.6, -2.2, -1.8, -1.3, -1.0])[plan]
        eta = base + 5 * x[:, 0] * x[:, 1] + 4 * np.abs(x[:, 2]) - 2.0
        time = np.arange(QUARTERS)
        hazard = 1 / (1 + np.exp(-(eta[:, None] + 1.2 * x[:, [3]] * (time - 3.5) / 3.5)))
        ends = rng.uniform(size=hazard.shape) < hazard
        last = np.where(ends.any(1), ends.argmax(1), QUARTERS)
        watched = rng.integers(3, QUARTERS + 1, size=n)
        event = (time == last[:, None]) & (last < watched)[:, None]
        at_risk = (time <= last[:, None]) & (time < watched[:, None])
        self.plan, self.x = torch.tensor(plan), torch.tensor(x).float()
        self.y = torch.tensor(np.stack([event, at_risk], axis=1)).float()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"plan": self.plan[i], "x": self.x[i]}, self.y[i]


class HazardNet(nn.Module):
    def __init__(self, rate=0.12):
        super().__init__()
        self.plan = nn.Embedding(5, 6)
        self.body = nn.Sequential(
            nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU()
        )
        self.logits = nn.Linear(48, QUARTERS)
        nn.init.zeros_(self.logits.weight)
        nn.init.constant_(self.logits.bias, np.log(rate / (1 - rate)))

    def forward(self, plan, x):
        x = torch.cat([self.plan(plan), x], dim=1)
        return self.logits(self.body(x))


def negative_log_likelihood(logits, y):
    event, at_risk = y.unbind(1)
    each = F.binary_cross_entropy_with_logits(logits, event, reduction="none")
    return (each * at_risk).sum() / at_risk.sum()


def explained_deviance(logits, y):
    """How much less the hazards cost than the mean one of each quarter, as a share."""
    event, at_risk = y.unbind(1)
    mean = torch.logit(event.sum(0) / at_risk.sum(0)).expand_as(logits)
    return float(1 - negative_log_likelihood(logits, y) / negative_log_likelihood(mean, y))


def make(seed=0):
    torch.manual_seed(seed)
    contracts = Contracts()
    (train, _), (val, _) = data.split(torch.arange(4000), torch.arange(4000))
    model = HazardNet()
    train = torch.utils.data.Subset(contracts, train.tolist())
    val = torch.utils.data.Subset(contracts, val.tolist())
    return {
        "model": model,
        "loss_fn": negative_log_likelihood,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-3),
        "train": DataLoader(train, batch_size=64, shuffle=True),
        "val": DataLoader(val, batch_size=1000),
        "epochs": 16,
        "metric": explained_deviance,
    }
