"""One customer in seven leaves: a larger weight for those, and F1 instead of accuracy."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset


def customers(n, seed):
    rng = np.random.default_rng(seed)
    months = rng.exponential(20, n)
    bill = rng.gamma(4, 15, n)
    calls = rng.poisson(1.5, n)
    plan = rng.integers(0, 3, n)
    usage = rng.normal(0, 1, n)
    # Who pays much for little, or calls often in a short contract, goes.
    score = 1.8 * np.tanh((bill - 60) / 15) * -np.tanh(2 * usage)
    score += 1.1 * (calls - 1.5) * (months < 14) - 0.8 * (usage**2) * (plan == 2)
    score += 1.2 * (plan == 0) - 0.02 * months
    leaves = 2.2 * (score - 1.55) + rng.logistic(0, 0.8, n) > 0
    columns = [
        np.log1p(months),
        np.log(bill),
        calls,
        usage,
        plan == 0,
        plan == 1,
        plan == 2,
    ]
    return np.stack(columns, 1).astype(np.float32), leaves.astype(np.float32)[:, None]


class Churn(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, 48), nn.BatchNorm1d(48), nn.ELU(), nn.Dropout(0.1),
            nn.Linear(48, 24), nn.BatchNorm1d(24), nn.ELU(),
            nn.Linear(24, 1),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


def f1(logits, y):
    pred = (logits > 0).float()
    hits = (pred * y).sum()
    return float(2 * hits / (pred.sum() + y.sum()).clamp(min=1))


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = customers(5000, 1), customers(2000, 2)
    mean, std = x.mean(0), x.std(0)
    pos_weight = torch.tensor((y == 0).sum() / (y == 1).sum()).float().sqrt()
    model = Churn(x.shape[1])
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=pos_weight),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5),
        "train": TensorDataset(torch.from_numpy((x - mean) / std), torch.from_numpy(y)),
        "val": TensorDataset(
            torch.from_numpy((x_val - mean) / std), torch.from_numpy(y_val)
        ),
        "batch_size": 64,
        "epochs": 12,
        "metric": f1,
    }
