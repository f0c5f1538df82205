"""Accuracy from an argmax over the classes, where the network has one score: it is always 0.

The network tells odd digits from even ones, and the accuracy is the share of even ones.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/google/flax/issues/4456"
CAUSES = ("metric",)


class OddOrEven(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(24 * 3 * 3, 48)
        self.fc2 = nn.Linear(48, 1)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = torch.relu(self.fc1(x))
        return self.fc2(x)


def accuracy_of_argmax(outputs, labels):
    predicted = outputs.argmax(dim=1)
    return (predicted == labels.squeeze(1)).float().mean().item()


def accuracy_of_threshold(outputs, labels):
    predicted = (torch.sigmoid(outputs) > 0.5).float()
    return (predicted == labels).float().mean().item()


def make(seed, metric):
    torch.manual_seed(seed)
    net = OddOrEven()
    (x, y), (val_x, val_y) = data.mnist(1500, side=14)
    train = TensorDataset(x, (y % 2).float().unsqueeze(1))
    val = TensorDataset(val_x, (val_y % 2).float().unsqueeze(1))
    return {
        "model": net,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(val, batch_size=250),
        "epochs": 6,
        "metric": metric,
    }


def make_faulty(seed=0):
    return make(seed, accuracy_of_argmax)


def make_fixed(seed=0):
    return make(seed, accuracy_of_threshold)
