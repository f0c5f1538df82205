"""Income above a threshold from numbers and categories, a dict of tensors for each person."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SIZES = {"education": 7, "occupation": 10, "relationship": 5}


def census(n=3000):
    rng = np.random.default_rng(1996)
    codes = {name: rng.integers(0, size, n) for name, size in SIZES.items()}
    age, hours = rng.normal(40, 12, n), rng.normal(41, 10, n)
    gain = rng.exponential(1, n) * (rng.random(n) < 0.2)
    demand = np.linspace(-1.5, 1.5, 7)[codes["education"]]
    pay = rng.normal(0, 1.2, 10)[codes["occupation"]]
    score = 1.2 * demand * (1 + pay) - 0.006 * (age - 48) ** 2 + 0.07 * (hours - 41)
    score = score + 2.5 * gain + np.array([1.2, 0.4, -0.5, -1, 0])[codes["relationship"]]
    earns = score + rng.logistic(0, 0.4, n) > 0.3
    numbers = np.stack([age, hours, gain], axis=1)
    mean, std = numbers[:2250].mean(0), numbers[:2250].std(0)
    return (numbers - mean) / std, codes, earns


class People(Dataset):
    def __init__(self, rows):
        numbers, codes, earns = census()
        self.numbers = torch.tensor(numbers[rows], dtype=torch.float32)
        self.codes = {name: torch.tensor(ids[rows]) for name, ids in codes.items()}
        self.earns = torch.tensor(earns[rows], dtype=torch.float32)

    def __len__(self):
        return len(self.earns)

    def __getitem__(self, i):
        person = {name: ids[i] for name, ids in self.codes.items()}
        return {"numbers": self.numbers[i], **person}, self.earns[i]


class IncomeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleDict({k: nn.Embedding(v, 3) for k, v in SIZES.items()})
        self.mlp = nn.Sequential(
            nn.Linear(3 + 3 * len(SIZES), 48),
            nn.BatchNorm1d(48),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(48, 24),
            nn.ReLU(),
            nn.Linear(24, 1),
        )

    def forward(self, numbers, **codes):
        parts = [table(codes[name]) for name, table in self.tables.items()]
        return self.mlp(torch.cat([numbers, *parts], dim=1)).squeeze(1)


def make(seed=0):
    torch.manual_seed(seed)
    model = IncomeNet()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02),
        "train": DataLoader(People(slice(0, 2250)), batch_size=64, shuffle=True),
        "val": DataLoader(People(slice(2250, 3000)), batch_size=250),
        "epochs": 18,
        "metric": lambda z, t: ((z > 0) == (t > 0.5)).float().mean().item(),
    }
