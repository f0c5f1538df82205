"""Digits of MNIST by convolutions that look across a row, then down a column, and ELUs."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def across_and_down(inside, outside):
    return nn.Sequential(
        nn.Conv2d(inside, outside, (1, 5), padding=(0, 2)), nn.ELU(),
        nn.Conv2d(outside, outside, (5, 1), padding=(2, 0), bias=False),
        nn.BatchNorm2d(outside), nn.ELU(),
    )  # fmt: skip


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = nn.Sequential(
            across_and_down(1, 12),
            nn.AvgPool2d(2),
            across_and_down(12, 24),
            nn.AvgPool2d(2),
        )
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(24 * 9, 10)

    def forward(self, x):
        return self.fc(self.drop(self.stages(x).flatten(1)))


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.mnist(1800, side=14)
    mean, std = x.mean(), x.std()
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8),
        "train": DataLoader(TensorDataset((x - mean) / std, y), 32, shuffle=True),
        "val": DataLoader(TensorDataset((val_x - mean) / std, val_y), 300),
        "epochs": 8,
        "metric": "accuracy",
    }
