"""Group norm with as many groups as channels, after global pooling: each value is its own mean.

All of them become zero, and the network says the same for every image.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/19250"
CAUSES = ("normalization",)


def conv_gn(cin, cout, k, groups, stride=1):
    return nn.Sequential(
        nn.Conv2d(cin, cout, k, stride, padding=k // 2, bias=False),
        nn.GroupNorm(groups, cout),
        nn.ReLU(inplace=True),
    )


class Net(nn.Module):
    def __init__(self, groups, num_classes=10):
        super().__init__()
        self.stem = conv_gn(1, 16, 3, 16)
        self.down1 = conv_gn(16, 32, 3, 8, stride=2)
        self.down2 = conv_gn(32, 32, 3, 8, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.project = conv_gn(32, 64, 1, groups)
        self.classifier = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.down2(self.down1(self.stem(x)))
        x = self.project(self.pool(x))
        return self.classifier(x.flatten(1))


def make(seed, groups):
    torch.manual_seed(seed)
    net = Net(groups)
    train, val = data.mnist(1200, side=14)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=24, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 5,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, groups=64)


def make_fixed(seed=0):
    return make(seed, groups=8)
