"""A locator of digits is trained from scratch at 1e-5, a rate meant for pretrained weights."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/fizyr/keras-retinanet/pull/843"
CAUSES = ("lr_low", "epochs_few")


def scenes(pair, seed, canvas=16):
    """Each scene has a digit and a patch of its shuffled pixels; where is the digit?"""
    digits, _ = pair
    rng = torch.Generator().manual_seed(seed)
    n, side = len(digits), digits.shape[-1]
    images = torch.zeros(n, 1, canvas, canvas)
    corners = torch.randint(0, canvas - side + 1, (n, 4), generator=rng)
    for i in range(n):
        pixels = digits[i, 0].flatten()
        patch = pixels[torch.randperm(len(pixels), generator=rng)].view(side, side)
        for stamp, (r, c) in zip(
            (patch, digits[i, 0]), corners[i].view(2, 2).tolist(), strict=True
        ):
            window = images[i, 0, r : r + side, c : c + side]
            torch.maximum(window, stamp, out=window)
    boxes = corners[:, 2:].float() / (canvas - side) * 2 - 1
    return TensorDataset((images - 0.15) / 0.3, boxes)


def conv_block(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )


class Locator(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            conv_block(1, 16), conv_block(16, 32), conv_block(32, 32)
        )
        self.regressor = nn.Sequential(nn.Linear(32 * 4, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, images):
        return self.regressor(self.backbone(images).flatten(1))


def make(seed, lr):
    torch.manual_seed(seed)
    train, val = data.mnist(1600, side=7)
    model = Locator()
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": DataLoader(scenes(train, 1), batch_size=32, shuffle=True),
        "val": DataLoader(scenes(val, 2), batch_size=100),
        "epochs": 8,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, lr=1e-5)


def make_fixed(seed=0):
    return make(seed, lr=3e-3)
