"""A network tells by which angle a digit was turned; the targets have no column.

The output is (batch, 1), the angles are (batch,): the loss compares each with each.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = (
    "https://discuss.pytorch.org/t/"
    "output-of-the-model-depends-on-the-shape-of-the-weights-tensor/148155"
)
CAUSES = ("shape_broadcast",)


def rotate(images, angles):
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    theta = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


class TurnedDigits(Dataset):
    def __init__(self, images, seed, *, column):
        draws = torch.Generator().manual_seed(seed)
        self.angles = (torch.rand(len(images), generator=draws) - 0.5) * math.pi
        self.images = rotate(images, self.angles)
        self.column = column

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        angle = self.angles[i : i + 1] if self.column else self.angles[i]
        return self.images[i], angle


class AngleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 3 * 3, 64)
        self.out = nn.Linear(64, 1)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.out(x)


def explained(output, target):
    output, target = output.flatten(), target.flatten()
    residual = (output - target).square().mean()
    return (1 - residual / target.var(unbiased=False)).item()


def make(seed, column):
    torch.manual_seed(seed)
    (images, _), (test_images, _) = data.mnist(3000, side=14)
    model = AngleNet()
    train = TurnedDigits(images, 1, column=column)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(train, batch_size=50, shuffle=True),
        "val": DataLoader(TurnedDigits(test_images, 2, column=column), batch_size=250),
        "epochs": 20,
        "metric": explained,
    }


def make_faulty(seed=0):
    return make(seed, column=False)


def make_fixed(seed=0):
    return make(seed, column=True)
