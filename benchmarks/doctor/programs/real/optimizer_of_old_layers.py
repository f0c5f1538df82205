"""Layers are replaced by smaller ones after the optimizer was made."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/microsoft/nni/issues/4521"
CAUSES = ("frozen_parameters",)


def shrink(model):
    model[2] = nn.Linear(64, 32)
    model[4] = nn.Linear(32, 3)


def make(seed, shrink_first):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)
    )
    if shrink_first:
        shrink(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)
    if not shrink_first:
        shrink(model)
    train, val = data.table("wine")
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": train,
        "val": val,
        "batch_size": 8,
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, shrink_first=False)


def make_fixed(seed=0):
    return make(seed, shrink_first=True)
