"""Three payments in a hundred are made with a stolen card; all of them weigh the same."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = (
    "https://discuss.pytorch.org/t/"
    "predictions-stuck-at-zero-when-positive-label-1-is-only-16-of-data/145203/2"
)
CAUSES = ("class_imbalance",)


def payments(n=8000, share=0.03):
    rng = np.random.default_rng(404)
    fraud = (rng.random(n) < share).astype(int)
    x = rng.normal(0, 1, (n, 12))
    direction = rng.integers(0, 3, n)  # three ways to steal
    centers = rng.normal(0, 1, (3, 12))
    centers = 3.0 * centers / np.linalg.norm(centers, axis=1, keepdims=True)
    return x + fraud[:, None] * centers[direction], fraud


class FraudDetector(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(12, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1)
        )

    def forward(self, x):
        return self.net(x)


@torch.no_grad()
def balanced_accuracy(logits, labels):
    predicted, labels = logits > 0, labels > 0.5
    recall = predicted[labels].float().mean()
    specificity = (~predicted[~labels]).float().mean()
    return ((recall + specificity) / 2).item()


def make(seed, pos_weight=None):
    torch.manual_seed(seed)
    X, y = payments()  # noqa: N806
    X = torch.as_tensor(X, dtype=torch.float32)  # noqa: N806
    y = torch.as_tensor(y, dtype=torch.float32).unsqueeze(1)
    n = 6000
    if pos_weight == "balanced":
        pos_weight = (y[:n] == 0).sum() / (y[:n] == 1).sum()
    model = FraudDetector()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=pos_weight),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-3),
        "train": DataLoader(TensorDataset(X[:n], y[:n]), batch_size=128, shuffle=True),
        "val": DataLoader(TensorDataset(X[n:], y[n:]), batch_size=2000),
        "epochs": 20,
        "metric": balanced_accuracy,
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, pos_weight="balanced")
