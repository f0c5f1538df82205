"""A convolutional encoder and decoder find the ink of a digit among scratches as gray.

The loss is binary cross entropy on logits plus the Dice loss.
"""

import torch
import torch.nn.functional as F
from torch import nn

import data


def scratched(pair, seed):
    """Digits with three thin lines each, and noise; masks of the digits."""
    images, _ = pair
    draws = torch.Generator().manual_seed(seed)
    masks = (images > 0.4).float()
    scratches = torch.zeros_like(images)
    along = torch.linspace(0, 1, 28)
    for i in range(len(images)):
        ends = torch.rand(3, 2, 2, generator=draws) * 13
        points = ends[:, :1] + along[None, :, None] * (ends[:, 1:] - ends[:, :1])
        rows, columns = points.round().long().flatten(0, 1).unbind(1)
        scratches[i, 0, rows, columns] = 0.8
    noise = 0.1 * torch.randn(images.shape, generator=draws)
    return torch.maximum(images, scratches) + noise, masks


def conv(before, after, stride=1):
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class Finder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = conv(1, 12), conv(12, 24, stride=2)
        self.third = nn.Sequential(conv(24, 32, stride=2), conv(32, 24))
        self.middle, self.last = conv(48, 16), conv(28, 12)
        self.head = nn.Conv2d(12, 1, 1)

    def forward(self, x):
        fine = self.first(x)
        half = self.second(fine)
        x = F.interpolate(self.third(half), size=half.shape[-2:], mode="nearest")
        x = self.middle(torch.cat([x, half], dim=1))
        x = F.interpolate(x, size=fine.shape[-2:], mode="nearest")
        return self.head(self.last(torch.cat([x, fine], dim=1)))


def loss_fn(logits, masks):
    guesses = logits.sigmoid()
    overlap = 2 * (guesses * masks).sum() / (guesses.sum() + masks.sum())
    return F.binary_cross_entropy_with_logits(logits, masks) + 1 - overlap


def iou(logits, masks):
    guesses, masks = logits > 0, masks > 0.5
    return float((guesses & masks).sum() / (guesses | masks).sum())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(2000, side=14)
    model = Finder()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        "train": scratched(train, 1),
        "val": scratched(val, 2),
        "batch_size": 24,
        "epochs": 10,
        "metric": iou,
    }
