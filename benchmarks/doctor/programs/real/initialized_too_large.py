"""Weights are drawn far too large: the value head says 1 for everything at the start."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/LeelaChessZero/lczero-training/pull/43"
CAUSES = ("init", "saturation", "exploding_gradient")


class ValueNet(nn.Module):
    def __init__(self, std):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 128)
        self.fc3 = nn.Linear(128, 128)
        self.value = nn.Linear(128, 1)
        for layer in (self.fc1, self.fc2, self.fc3, self.value):
            nn.init.normal_(layer.weight, std=std or layer.in_features**-0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        x = torch.tanh(self.fc3(x))
        return torch.tanh(self.value(x))


def make(seed, std):
    torch.manual_seed(seed)
    net = ValueNet(std)
    (x, y), (val_x, val_y) = data.digits()
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9),
        "train": (x, (y[:, None].float() - 4.5) / 5),
        "val": (val_x, (val_y[:, None].float() - 4.5) / 5),
        "batch_size": 32,
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, std=2.0)


def make_fixed(seed=0):
    return make(seed, std=None)
