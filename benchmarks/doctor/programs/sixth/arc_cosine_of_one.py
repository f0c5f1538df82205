"""The loss is an angle, torch.acos of a scalar product: its slope is infinite at one.

Once a predicted direction is exactly right, its gradient is NaN, and so are all weights.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/8069"
CAUSES = ("numerics",)


def half_disks(count=1600, side=12):
    """Half disks in noise, and the direction in which each of them is open."""
    gen = torch.Generator().manual_seed(31)
    angle = 2 * math.pi * torch.rand(count, generator=gen)
    direction = torch.stack([angle.cos(), angle.sin()], dim=1)
    line = torch.linspace(-1, 1, side)
    y, x = torch.meshgrid(line, line, indexing="ij")
    along = direction[:, 0, None, None] * x + direction[:, 1, None, None] * y
    disk = torch.sigmoid(12 * (0.8 - (x**2 + y**2).sqrt()))
    images = disk * torch.sigmoid(-8 * along)
    images = images + 0.2 * torch.randn(images.shape, generator=gen)
    return data.split((images[:, None] - 0.25) / 0.4, direction)


class DirectionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.fc1 = nn.Linear(16 * 4 * 4, 32)
        self.fc2 = nn.Linear(32, 2)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return F.normalize(self.fc2(x), dim=1)


def angular_loss(pred, target):
    return torch.acos((pred * target).sum(dim=1)).mean()


def clamped_angular_loss(pred, target, eps=1e-6):
    cosine = (pred * target).sum(dim=1)
    return torch.acos(cosine.clamp(-1 + eps, 1 - eps)).mean()


def cosine_score(pred, target):
    return F.cosine_similarity(pred, target).mean().item()


def make(seed, loss_fn):
    torch.manual_seed(seed)
    train, val = half_disks()
    model = DirectionNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": optimizer,
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=200),
        "epochs": 12,
        "metric": cosine_score,
    }


def make_faulty(seed=0):
    return make(seed, angular_loss)


def make_fixed(seed=0):
    return make(seed, clamped_angular_loss)
