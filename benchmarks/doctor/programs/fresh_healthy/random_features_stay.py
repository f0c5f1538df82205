"""Random cosines, never trained on purpose, and a linear layer over them."""

import math

import torch
from torch import nn

import data


class RandomFourier(nn.Module):
    def __init__(self, count, gamma):
        super().__init__()
        self.omega = nn.Linear(2, count)
        nn.init.normal_(self.omega.weight, std=gamma)
        nn.init.uniform_(self.omega.bias, 0, 2 * math.pi)
        for p in self.parameters():
            p.requires_grad = False

    def forward(self, x):
        return torch.cos(self.omega(x)) * math.sqrt(2)


def make(seed=0):
    torch.manual_seed(seed)
    features = RandomFourier(300, 3.0)
    classifier = nn.Linear(300, 3)
    nn.init.zeros_(classifier.weight)
    train, val = data.spirals()
    return {
        "model": nn.Sequential(features, classifier),
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(classifier.parameters(), lr=0.1, momentum=0.9),
        "train": train,
        "val": val,
        "batch_size": 30,
        "epochs": 25,
        "metric": "accuracy",
    }
