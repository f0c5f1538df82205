"""Pixels from 0 to 255 as they are; the first layer is a batch norm that takes care of that."""

import torch
from torch import nn

import data


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(1, affine=False)
        self.conv1 = nn.Conv2d(1, 12, 3, stride=2)
        self.conv2 = nn.Conv2d(12, 24, 3, stride=2)
        self.fc = nn.Linear(24 * 4, 10)

    def forward(self, x):
        x = self.bn(x.float())
        x = torch.relu(self.conv1(x))
        x = torch.relu(self.conv2(x))
        return self.fc(x.flatten(1))


def make(seed=0):
    torch.manual_seed(seed)
    net = Net()
    (x, y), (val_x, val_y) = data.mnist(1500, side=14)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        # bytes, as they are in the file
        "train": ((x * 255).round().byte(), y),
        "val": ((val_x * 255).round().byte(), val_y),
        "batch_size": 32,
        "epochs": 8,
        "metric": "accuracy",
    }
