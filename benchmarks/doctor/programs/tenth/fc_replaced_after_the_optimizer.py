"""Transfer learning: the optimizer is built, and only then is model.fc replaced.

The backbone is frozen, and the optimizer holds the weights of the head that is gone.
"""

import copy
from functools import cache

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/microsoft/nni/issues/4521"
CAUSES = ("frozen_parameters",)


class BasicBlock(nn.Module):
    def __init__(self, planes):
        super().__init__()
        self.conv1 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(x + self.bn2(self.conv2(out)))


class ResNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.layer1 = BasicBlock(16)
        self.down = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.layer2 = BasicBlock(32)
        self.fc = nn.Linear(32 * 4, num_classes)

    def forward(self, x):
        x = self.layer1(torch.relu(self.stem(x)))
        x = self.layer2(torch.relu(self.down(x)))
        x = nn.functional.adaptive_max_pool2d(x, 2).flatten(1)
        return self.fc(x)


@cache
def pretrained():
    """Weights of a network that tells the first six digits apart."""
    torch.manual_seed(3)
    (images, ids), _ = data.mnist(2000, side=14)
    images, ids = images[ids < 6], ids[ids < 6]
    model = ResNet(6)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(4):
        for rows in torch.randperm(len(ids)).split(40):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[rows]), ids[rows]).backward()
            optimizer.step()
    return model


def new_digits(pair):
    images, ids = pair
    return TensorDataset(images[ids >= 6], ids[ids >= 6] - 6)


def make(seed, *, head_first):
    train, val = data.mnist(4000, side=14)
    model = copy.deepcopy(pretrained())
    torch.manual_seed(seed)
    for param in model.parameters():
        param.requires_grad = False
    head = nn.Linear(model.fc.in_features, 4)
    if head_first:
        model.fc = head
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    model.fc = head
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(new_digits(train), batch_size=32, shuffle=True),
        "val": DataLoader(new_digits(val), batch_size=128),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, head_first=False)


def make_fixed(seed=0):
    return make(seed, head_first=True)
