"""Batch norm with a momentum of zero: the test is normalized by the mean 0 and variance 1."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/Cadene/pretrained-models.pytorch/issues/5"
CAUSES = ("normalization",)


class BasicConv2d(nn.Module):
    def __init__(self, in_planes, out_planes, momentum, **kwargs):
        super().__init__()
        self.conv = nn.Conv2d(in_planes, out_planes, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_planes, eps=0.001, momentum=momentum, affine=True)
        self.relu = nn.ReLU(inplace=False)

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class LittleInception(nn.Module):
    def __init__(self, momentum):
        super().__init__()
        self.stem = BasicConv2d(1, 12, momentum, kernel_size=3, padding=1)
        self.branch1 = BasicConv2d(12, 12, momentum, kernel_size=1)
        self.branch2 = BasicConv2d(12, 12, momentum, kernel_size=3, padding=1)
        self.reduction = BasicConv2d(24, 32, momentum, kernel_size=3, stride=2)
        self.last_linear = nn.Linear(32 * 9, 10)

    def forward(self, x):
        x = F.max_pool2d(self.stem(x), 2)
        x = torch.cat([self.branch1(x), self.branch2(x)], 1)
        x = self.reduction(x)
        return self.last_linear(x.flatten(1))


def make(seed, momentum):
    torch.manual_seed(seed)
    train, val = data.mnist(3000, side=14)
    net = LittleInception(momentum)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=1e-3),
        "train": DataLoader(TensorDataset(*train), 32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), 100),
        "epochs": 7,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, momentum=0)


def make_fixed(seed=0):
    return make(seed, momentum=0.1)
