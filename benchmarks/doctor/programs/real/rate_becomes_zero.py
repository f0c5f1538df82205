"""A schedule meant for many epochs divides the rate by ten in each of a few."""

import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

import data

SOURCE = "https://github.com/pytorch/vision/issues/2007"
CAUSES = ("lr_low", "optimizer", "epochs_few")


def make(seed, step_size):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(128, 10),
    )  # fmt: skip
    (x, y), (val_x, val_y) = data.cifar(1800, side=16)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": StepLR(optimizer, step_size=step_size, gamma=0.1),
        "train": ((x - 0.47) / 0.25, y),
        "val": ((val_x - 0.47) / 0.25, val_y),
        "batch_size": 32,
        "epochs": 12,
    }


def make_faulty(seed=0):
    return make(seed, step_size=1)


def make_fixed(seed=0):
    return make(seed, step_size=9)
