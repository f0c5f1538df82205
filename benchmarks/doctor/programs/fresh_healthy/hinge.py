"""Labels are -1 and 1, as the hinge loss wants them."""

import torch
from torch import nn

import data


def hinge(score, label):
    return torch.clamp(1 - score.squeeze(-1) * label, min=0).mean()


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (vx, vy) = data.table("breast_cancer")
    svm = nn.Linear(30, 1)
    return {
        "model": svm,
        "loss_fn": hinge,
        "optimizer": torch.optim.SGD(svm.parameters(), lr=0.02, weight_decay=0.01),
        "train": (x, 2.0 * y - 1),
        "val": (vx, 2.0 * vy - 1),
        "batch_size": 16,
        "epochs": 20,
        "metric": lambda s, t: float((s.squeeze(-1).sign() == t).float().mean()),
    }
