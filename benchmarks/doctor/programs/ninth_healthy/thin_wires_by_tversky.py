"""Thin lines in noise, one pixel in six; Tversky's index alone, group norm, circular pads."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Wires(Dataset):
    """Two sine-shaped wires across a picture, brighter than the noise but not by much."""

    def __init__(self, n, seed, side=24):
        g = torch.Generator().manual_seed(seed)
        rows, cols = torch.arange(side)[:, None], torch.arange(side)[None]
        self.masks = torch.zeros(n, 1, side, side)
        for i in range(n):
            for transposed in (False, True):
                at, swing, phase, turns = torch.rand(4, generator=g).tolist()
                angle = 6.28 * ((0.5 + turns) * cols / side + phase)
                center = side * (0.25 + 0.5 * at) + side * 0.2 * swing * angle.sin()
                wire = ((rows - center).abs() < 0.75).float()
                self.masks[i, 0] = self.masks[i, 0].maximum(wire.T if transposed else wire)
        noise = torch.randn(self.masks.shape, generator=g)
        self.images = 1.2 * self.masks + 0.6 * noise

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.masks[i]


def conv(n_in, n_out, dilation=1):
    pad = {"padding": dilation, "padding_mode": "circular", "dilation": dilation}
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, bias=False, **pad), nn.GroupNorm(4, n_out), nn.ELU()
    )


class SmallUNet(nn.Module):
    def __init__(self, c=12):
        super().__init__()
        self.top, self.low = conv(1, c), conv(4 * c, 2 * c)
        self.bottom = conv(2 * c, 2 * c, dilation=2)
        self.last = conv(2 * c // 4 + c, c)
        self.head = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.top(x)
        b = self.bottom(self.low(F.pixel_unshuffle(a, 2)))
        a = self.last(torch.cat([a, F.pixel_shuffle(b, 2)], dim=1))
        return self.head(a).sigmoid()


class TverskyLoss(nn.Module):
    """One minus TP / (TP + alpha FP + beta FN), over the whole batch."""

    def __init__(self, alpha=0.4, beta=0.6, smooth=1.0):
        super().__init__()
        self.alpha, self.beta, self.smooth = alpha, beta, smooth

    def forward(self, p, y):
        hit = (p * y).sum() + self.smooth
        false = self.alpha * (p * (1 - y)).sum() + self.beta * ((1 - p) * y).sum()
        return 1 - hit / (hit + false)


def dice(p, y):
    said = (p > 0.5).float()
    return float(2 * (said * y).sum() / (said.sum() + y.sum()).clamp(min=1))


def make(seed=0):
    torch.manual_seed(seed)
    model = SmallUNet()
    epochs = 10
    optimizer = torch.optim.NAdam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": TverskyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs, 1e-4),
        "train": DataLoader(Wires(500, seed=1), batch_size=20, shuffle=True),
        "val": DataLoader(Wires(150, seed=2), batch_size=50),
        "epochs": epochs,
        "metric": dice,
    }
