"""Batches were made sixteen times as large, and the number of epochs stayed as it was."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/jwyang/faster-rcnn.pytorch/issues/305"
CAUSES = ("epochs_few", "batch_size", "lr_low")


def make(seed, epochs):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip
    train, val = data.mnist(1600, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": train,
        "val": val,
        "batch_size": 256,
        "epochs": epochs,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, epochs=3)


def make_fixed(seed=0):
    return make(seed, epochs=40)
