"""Predictions (N,) are compared with a column of labels (N, 1): every pair of them counts.

Training is sound; the accuracy says a third forever.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/935963004/LaBraM/issues/15"
CAUSES = ("metric", "shape_broadcast")


class Iris(Dataset):
    """Measures as a row, the label as an array of one."""

    def __init__(self, pair):
        self.X, self.Y = pair[0], pair[1].reshape(-1, 1)

    def __len__(self):
        return self.X.shape[0]

    def __getitem__(self, index):
        return self.X[index], self.Y[index]


def class_acc_of_columns(output, targets):
    return (output.max(-1)[-1] == targets).float().mean().item()


def class_acc(output, targets):
    return (output.max(-1)[-1] == targets.squeeze()).float().mean().item()


def criterion(output, targets):
    return nn.functional.cross_entropy(output, targets.flatten(), label_smoothing=0.05)


def make(seed, metric):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 24), nn.GELU(), nn.Linear(24, 3))
    train, val = data.table("iris")
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.05),
        "train": DataLoader(Iris(train), batch_size=16, shuffle=True),
        "val": DataLoader(Iris(val), batch_size=38),
        "epochs": 20,
        "metric": metric,
    }


def make_faulty(seed=0):
    return make(seed, class_acc_of_columns)


def make_fixed(seed=0):
    return make(seed, class_acc)
