"""Digits by depthwise and pointwise convolutions, with group norm and SiLU."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class Separable(nn.Module):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.depthwise = nn.Conv2d(
            c_in, c_in, 3, stride=stride, padding=1, groups=c_in, bias=False
        )
        self.pointwise = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.norm = nn.GroupNorm(4, c_out)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.norm(self.pointwise(self.depthwise(x))))


def mobile_net(n_classes=10):
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False),
        nn.GroupNorm(4, 16),
        nn.SiLU(),
        Separable(16, 32),
        Separable(32, 48, stride=2),
        Separable(48, 48),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(48 * 16, n_classes),
    )


def make(seed=0):
    torch.manual_seed(seed)
    train, val = (
        TensorDataset((images - 0.1307) / 0.3, ids)
        for images, ids in data.mnist(2000, side=14)
    )
    model, epochs = mobile_net(), 8
    loader = DataLoader(train, batch_size=32, shuffle=True, drop_last=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.02)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": loader,
        "val": DataLoader(val, batch_size=200),
        "epochs": epochs,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "metric": "accuracy",
    }
