"""The outputs are a column (N, 1), the targets a row (N,): the loss compares all with all."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://github.com/pytorch/pytorch/issues/19699"
CAUSES = ("shape_broadcast",)


def mixtures(n=1200):
    """Cement, slag, ash, water, plasticizer, stones, sand (kg per cubic meter) and days."""
    rng = np.random.default_rng(2020)
    cement, slag = rng.uniform(110, 540, n), rng.uniform(0, 300, n)
    ash, water = rng.uniform(0, 190, n), rng.uniform(130, 240, n)
    plasticizer, stones = rng.uniform(0, 25, n), rng.uniform(800, 1100, n)
    sand, days = rng.uniform(600, 950, n), rng.choice([3, 7, 14, 28, 56, 90], n)
    binder = cement + 0.7 * slag + 0.4 * ash
    strength = 26 * (binder / water) ** 0.9 * np.log1p(days) / np.log(29)
    strength = strength * (1 + 0.006 * plasticizer) - 0.01 * (stones - 950)
    strength = strength + rng.normal(0, 3.0, n)
    x = np.column_stack([cement, slag, ash, water, plasticizer, stones, sand, days])
    return x, strength


class Regressor(nn.Module):
    def __init__(self, inputs, hidden=64):
        super().__init__()
        self.input = nn.Linear(inputs, hidden)
        self.hidden = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, x):
        x = F.relu(self.input(x))
        x = F.relu(self.hidden(x))
        return self.output(x)


def r_squared(prediction, truth):
    prediction, truth = prediction.flatten(), truth.flatten()
    return (1 - (truth - prediction).square().mean() / truth.var(unbiased=False)).item()


def make(seed, as_column):
    torch.manual_seed(seed)
    x, y = mixtures()
    cut = int(0.75 * len(x))
    x = (x - x[:cut].mean(0)) / x[:cut].std(0)
    y = (y - y[:cut].mean()) / y[:cut].std()
    x, y = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    if as_column:
        y = y.unsqueeze(1)
    net = Regressor(x.shape[1])
    train_ds, val_ds = TensorDataset(x[:cut], y[:cut]), TensorDataset(x[cut:], y[cut:])
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=1e-3),
        "train": DataLoader(train_ds, batch_size=32, shuffle=True),
        "val": DataLoader(val_ds, batch_size=300),
        "epochs": 25,
        "metric": r_squared,
    }


def make_faulty(seed=0):
    return make(seed, as_column=False)


def make_fixed(seed=0):
    return make(seed, as_column=True)
