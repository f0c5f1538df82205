"""Errors (n,) times a mask (n, 1) of the targets that are known: an (n, n) matrix.

The mask is averaged away, and the network learns the value that stands for "not measured".
"""

import torch
from torch import nn

import data

SOURCE = "https://github.com/thu-ml/tianshou/pull/159"
CAUSES = ("shape_broadcast",)
NOT_MEASURED = -3.0


class MaskedMSE(nn.Module):
    """Mean squared error of the targets that were measured."""

    def __init__(self, column):
        super().__init__()
        self.column = column

    def forward(self, prediction, target):
        value = target[:, 0]
        known = target[:, 1:] if self.column else target[:, 1]
        error = (prediction.squeeze(-1) - value).pow(2)
        return (error * known).mean() / known.mean().clamp(min=1e-6)


def r2_of_known(prediction, target):
    known = target[:, 1] > 0
    value, said = target[known, 0], prediction[known, 0]
    return float(1 - (said - value).pow(2).mean() / (value - value.mean()).pow(2).mean())


def with_gaps(pair, seed, missing=0.4):
    x, y = pair
    draws = torch.Generator().manual_seed(seed)
    known = (torch.rand(len(y), 1, generator=draws) > missing).float()
    return x, torch.cat([torch.where(known > 0, y, NOT_MEASURED), known], dim=1)


def make(seed, column):
    torch.manual_seed(seed)
    train, val = data.friedman(2400)
    model = nn.Sequential(
        nn.Linear(10, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.02)
    epochs = 25
    return {
        "model": model,
        "loss_fn": MaskedMSE(column),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": with_gaps(train, 1),
        "val": with_gaps(val, 2),
        "batch_size": 32,
        "epochs": epochs,
        "metric": r2_of_known,
    }


def make_faulty(seed=0):
    return make(seed, column=True)


def make_fixed(seed=0):
    return make(seed, column=False)
