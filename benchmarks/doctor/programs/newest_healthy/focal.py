"""One digit in ten is a three: sigmoid focal loss, which starts low and ends far lower."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class FocalLoss(nn.Module):
    def __init__(self, alpha=0.75, gamma=2.0):
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, logits, targets):
        p = torch.sigmoid(logits)
        ce = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        p_t = p * targets + (1 - p) * (1 - targets)
        alpha_t = self.alpha * targets + (1 - self.alpha) * (1 - targets)
        return (alpha_t * (1 - p_t) ** self.gamma * ce).mean()


def f1(logits, targets):
    found, truth = logits > 0, targets > 0.5
    hits = (found & truth).sum()
    return float(2 * hits / (found.sum() + truth.sum()).clamp(min=1))


def make(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3, stride=2), nn.ReLU(), nn.Conv2d(12, 24, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(24 * 16, 1), nn.Flatten(0),
    )  # fmt: skip
    # the prior of one in a hundred, as in the paper
    nn.init.constant_(net[5].bias, -4.6)
    (x, y), (val_x, val_y) = data.mnist(1500, side=14)
    train, val = (
        TensorDataset(x, (y == 3).float()),
        TensorDataset(val_x, (val_y == 3).float()),
    )
    return {
        "model": net,
        "loss_fn": FocalLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=5e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(val, batch_size=500),
        "epochs": 10,
        "metric": f1,
    }
