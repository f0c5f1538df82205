"""A keep probability of 0.9 from another library is given to nn.Dropout, which drops 0.9."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/bonlime/keras-deeplab-v3-plus/issues/4"
CAUSES = ("regularization",)


def make(seed, p):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(p),
        nn.Linear(64, 64), nn.ReLU(), nn.Dropout(p),
        nn.Linear(64, 10),
    )  # fmt: skip
    train, val = data.digits()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 10,
    }


def make_faulty(seed=0):
    return make(seed, 0.9)


def make_fixed(seed=0):
    return make(seed, 0.1)
