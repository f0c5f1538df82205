"""Each block of a segmentation network makes a ReLU for itself, but its forward never calls it.

What is to be found differs from its ground by its grain only, not by its brightness.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

import data

SOURCE = "https://github.com/DengPingFan/PraNet/issues/16"
CAUSES = ("hidden_activation",)


class BasicConv2d(nn.Module):
    def __init__(self, in_planes, out_planes, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(
            in_planes, out_planes, kernel_size, stride, padding, bias=False
        )
        self.bn = nn.BatchNorm2d(out_planes)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.conv(x)
        return self.bn(x)


class ActivatedConv2d(BasicConv2d):
    def forward(self, x):
        return self.relu(super().forward(x))


class PolypNet(nn.Module):
    def __init__(self, block, channel=16):
        super().__init__()
        self.stem = block(1, channel, 3, padding=1)
        self.down = block(channel, 2 * channel, 3, stride=2, padding=1)
        self.middle = block(2 * channel, 2 * channel, 3, padding=1)
        self.fuse = block(3 * channel, channel, 3, padding=1)
        self.out = nn.Conv2d(channel, 1, 1)

    def forward(self, x):
        fine = self.stem(x)
        coarse = self.middle(self.down(fine))
        coarse = F.interpolate(coarse, scale_factor=2, mode="bilinear")
        return self.out(self.fuse(torch.cat([fine, coarse], dim=1)))


def grainy_disks(n=480, side=16):
    g = torch.Generator().manual_seed(11)
    center = (torch.rand(n, 2, 1, 1, 1, generator=g) * 0.5 + 0.25) * side
    radius = (torch.rand(n, 1, 1, 1, generator=g) * 0.15 + 0.2) * side
    grid = torch.arange(side) + 0.5
    far = (grid[:, None] - center[:, 0]) ** 2 + (grid - center[:, 1]) ** 2
    mask = (far.sqrt() < radius).float()
    grain = torch.randn(n, 1, side, side, generator=g)
    return grain * (0.3 + 1.2 * mask), mask


def mean_dice(logits, masks):
    found = (logits > 0).float()
    both = (found * masks).sum((1, 2, 3))
    return float((2 * both / (found + masks).sum((1, 2, 3))).mean())


def make(seed, block):
    torch.manual_seed(seed)
    train, val = data.split(*grainy_disks())
    model = PolypNet(block)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 10,
        "metric": mean_dice,
    }


def make_faulty(seed=0):
    return make(seed, BasicConv2d)


def make_fixed(seed=0):
    return make(seed, ActivatedConv2d)
