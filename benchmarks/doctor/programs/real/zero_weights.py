"""All weights start at zero, and so all units of a layer stay alike."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/yz93/LAVT-RIS/issues/25"
CAUSES = ("init",)


class Gate(nn.Module):
    def __init__(self, is_zero):
        super().__init__()
        self.fc1 = nn.Linear(64, 48, bias=False)
        self.fc2 = nn.Linear(48, 48, bias=False)
        self.fc3 = nn.Linear(48, 10, bias=False)
        if is_zero:
            for layer in (self.fc1, self.fc2, self.fc3):
                nn.init.zeros_(layer.weight)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def make(seed, is_zero):
    torch.manual_seed(seed)
    model = Gate(is_zero)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, is_zero=True)


def make_fixed(seed=0):
    return make(seed, is_zero=False)
