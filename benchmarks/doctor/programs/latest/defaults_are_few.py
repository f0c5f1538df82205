"""One label in sixteen is a 1, and the risk is blurred: every prediction is 0."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://discuss.pytorch.org/t/predictions-stuck-at-zero-when-positive-label-1-is-only-16-of-data/145203/2"
CAUSES = ("class_imbalance",)


def credits(n=2400):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(n, 12))
    risk = 1.1 * x[:, 0] - 0.9 * x[:, 1] + 0.8 * x[:, 2] * x[:, 3] + 0.6 * np.abs(x[:, 4])
    risk = risk + rng.logistic(size=n) * 0.8
    y = risk > np.quantile(risk, 1 - 1 / 16)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(12, 32),
            nn.BatchNorm1d(32),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(32, 16),
            nn.ReLU(),
            nn.Linear(16, 1),
        )

    def forward(self, x):
        return self.net(x).squeeze(1)


def balanced_accuracy(output, target):
    pred = (torch.sigmoid(output) > 0.5).float()
    found = pred[target == 1].mean() if (target == 1).any() else torch.tensor(0.5)
    kept = 1 - pred[target == 0].mean()
    return float((found + kept) / 2)


def make(seed, weighted):
    torch.manual_seed(seed)
    x, y = credits()
    train, val = data.split(x, y)
    model = Net()
    negative, positive = (train[1] == 0).sum(), (train[1] == 1).sum()
    pos_weight = negative / positive if weighted else None
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=pos_weight),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4),
        "train": DataLoader(TensorDataset(*train), batch_size=64, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=600),
        "epochs": 12,
        "metric": balanced_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, weighted=False)


def make_fixed(seed=0):
    return make(seed, weighted=True)
