"""Twelve convolutions without batch norm never train; with it they do at once."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/soumith/imagenet-multiGPU.torch/issues/2"
CAUSES = ("normalization", "init", "vanishing_gradient")


def make(seed, norm):
    torch.manual_seed(seed)
    layers = [nn.Unflatten(1, (1, 8, 8))]
    channels = 1
    for _ in range(12):
        layers += [nn.Conv2d(channels, 12, 3, padding=1), norm(12), nn.ReLU(inplace=True)]
        channels = 12
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(48, 10))
    (x, y), val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": (x, y),
        "val": val,
        "batch_size": 60,
        "epochs": 7,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, nn.Identity)


def make_fixed(seed=0):
    return make(seed, nn.BatchNorm2d)
