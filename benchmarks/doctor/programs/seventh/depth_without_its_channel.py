"""Depth maps come out as (n, 1, 16, 16), the true ones are (n, 16, 16): all pairs are compared.

Smooth L1 broadcasts both to (n, n, 16, 16), so that each map is drawn to the mean of the batch.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/jiwei0921/CoNet/issues/3"
CAUSES = ("shape_broadcast",)


def spheres(n, seed, side=16):
    """Spheres lit from the upper left, and how near each pixel of them is."""
    g = torch.Generator().manual_seed(seed)
    center = (torch.rand(n, 2, 1, 1, generator=g) * 0.6 + 0.2) * side
    radius = (torch.rand(n, 1, 1, generator=g) * 0.2 + 0.15) * side
    grid = torch.arange(side) + 0.5
    dy = (grid[:, None] - center[:, 0]) / radius
    dx = (grid[None, :] - center[:, 1]) / radius
    height = (1 - dy**2 - dx**2).clamp(min=0).sqrt()
    light = (0.8 * height - 0.4 * dy - 0.4 * dx).clamp(min=0) * (height > 0)
    image = light[:, None] + 0.1 * torch.randn(n, 1, side, side, generator=g)
    return image, height * radius / side * 4


class DepthData(Dataset):
    def __init__(self, n, seed, *, channel):
        self.images, self.depths = spheres(n, seed)
        if channel:
            self.depths = self.depths.unsqueeze(1)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.depths[index]


class DepthNet(nn.Module):
    def __init__(self, c=16):
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU())
        self.down2 = nn.Sequential(nn.Conv2d(c, 2 * c, 3, 2, padding=1), nn.ReLU())
        self.middle = nn.Sequential(nn.Conv2d(2 * c, 2 * c, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.out = nn.Conv2d(2 * c, 1, 3, padding=1)

    def forward(self, x):
        skip = self.down1(x)
        deep = self.middle(self.down2(skip))
        return self.out(torch.cat([F.relu(self.up(deep)), skip], dim=1))


def explained(pred_depth, depth):
    """How much of the variance of single pixels is explained, whatever the shape."""
    pred_depth, depth = pred_depth.reshape(-1, 16, 16), depth.reshape(-1, 16, 16)
    rest = (pred_depth - depth).square().sum()
    return float(1 - rest / (depth - depth.mean(0)).square().sum())


def make(seed, *, channel):
    torch.manual_seed(seed)
    model = DepthNet()
    train, val = DepthData(360, 1, channel=channel), DepthData(120, 2, channel=channel)
    return {
        "model": model,
        "loss_fn": F.smooth_l1_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(train, batch_size=12, shuffle=True),
        "val": DataLoader(val, batch_size=12),
        "epochs": 10,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, channel=False)


def make_fixed(seed=0):
    return make(seed, channel=True)
