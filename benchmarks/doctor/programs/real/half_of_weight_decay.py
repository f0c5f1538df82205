"""A weight decay of 0.5: all weights shrink to zero, and any input gives the same output."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/BVLC/caffe/issues/1396"
CAUSES = ("regularization",)


def make(seed, weight_decay):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(300, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    train, val = data.mnist(1500, side=14)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(
            net.parameters(), lr=0.02, momentum=0.9, weight_decay=weight_decay
        ),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 6,
    }


def make_faulty(seed=0):
    return make(seed, weight_decay=0.5)


def make_fixed(seed=0):
    return make(seed, weight_decay=0.0005)
