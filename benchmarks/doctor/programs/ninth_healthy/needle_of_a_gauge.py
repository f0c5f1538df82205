"""Where the needle of a gauge points, a light one or a dark one: a point on a circle.

The loss is minus a cosine: it begins near zero and ends near -1.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import data


def gauges(count=2800, side=16):
    g = torch.Generator().manual_seed(77)
    angle = torch.rand(count, generator=g) * 2 * math.pi
    axis = torch.linspace(-1, 1, side)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    along, across = x * cos + y * sin, y * cos - x * sin
    needle = torch.exp(-((across / 0.12) ** 2)) * ((along > -0.1) & (along < 0.85))
    dial = (x**2 + y**2).sqrt() < 0.95
    light = 0.5 + 0.5 * torch.rand(count, 1, 1, generator=g)
    image = light * (0.3 * dial + 0.7 * needle)
    is_dark = torch.rand(count, 1, 1, generator=g) < 0.5
    image = torch.where(is_dark, 1 - image, image) - 0.5
    image = image + 0.08 * torch.randn(count, side, side, generator=g)
    return image[:, None], torch.stack([angle.cos(), angle.sin()], dim=1)


class Compass(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 5, stride=2, padding=2),
            nn.InstanceNorm2d(12, affine=True),
            nn.Mish(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1),
            nn.InstanceNorm2d(24, affine=True),
            nn.Mish(),
            nn.Flatten(),
            nn.Linear(24 * 16, 64),
            nn.Mish(),
            nn.Linear(64, 2),
        )

    def forward(self, image):
        return F.normalize(self.body(image), dim=1)


def away_from(output, target):
    """Minus the cosine of the angle between what is said and what is true."""
    return -(output * target).sum(1).mean()


def within_fifteen_degrees(output, target):
    cosine = (output * target).sum(1)
    return float((cosine > math.cos(math.radians(15))).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.split(*gauges())
    model = Compass()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return {
        "model": model,
        "loss_fn": away_from,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.85),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 16,
        "metric": within_fifteen_degrees,
    }
