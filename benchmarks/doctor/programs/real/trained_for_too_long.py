"""A wide network and many epochs for 331 rows: validation gets worse from early on."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/yulunzhang/RDN/issues/4"
CAUSES = ("overfitting",)


def make(seed, epochs):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1)
    )
    (x, y), (val_x, val_y) = data.table("diabetes")
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": (x, (y[:, None] - 150) / 77),
        "val": (val_x, (val_y[:, None] - 150) / 77),
        "batch_size": 32,
        "epochs": epochs,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, epochs=150)


def make_fixed(seed=0):
    return make(seed, epochs=6)
