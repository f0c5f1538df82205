"""Pixels that are constant are divided by a standard deviation of zero: NaN in the input."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/fxia22/pointnet.pytorch/issues/58"
CAUSES = ("bad_data", "numerics")


def make(seed, eps):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.digits()
    mean, std = x.mean(0), x.std(0)
    x, val_x = (x - mean) / (std + eps), (val_x - mean) / (std + eps)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": (x, y),
        "val": (val_x.clamp(-5, 5), val_y),
        "batch_size": 32,
        "epochs": 10,
    }


def make_faulty(seed=0):
    return make(seed, eps=0.0)


def make_fixed(seed=0):
    return make(seed, eps=0.1)
