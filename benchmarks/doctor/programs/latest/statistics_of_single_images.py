"""Scans are segmented one at a time, with batch norm: good in training, bad in evaluation.

Each scan is as bright as its machine made it, so that the running averages fit none of them.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/BCV-Uniandes/DMS/issues/30"
CAUSES = ("normalization", "batch_size", "train_eval_mode")


class Scans(Dataset):
    def __init__(self, images, masks, seed):
        draws = torch.Generator().manual_seed(seed)
        n = len(images)
        gain = torch.exp(1.2 * torch.randn(n, 1, 1, 1, generator=draws))
        offset = 2 * torch.randn(n, 1, 1, 1, generator=draws)
        self.images = gain * (images + offset)
        self.masks = masks[:, None].float()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.masks[i]


def double_conv(n_in, n_out, norm):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        norm(n_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
        norm(n_out),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.inc = double_conv(1, 8, norm)
        self.down = double_conv(8, 16, norm)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.conv = double_conv(16, 8, norm)
        self.outc = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down(nn.functional.max_pool2d(x1, 2))
        return self.outc(self.conv(torch.cat([x1, self.up(x2)], dim=1)))


def iou(logits, mask):
    found, mask = logits > 0, mask > 0.5
    return float((found & mask).sum() / (found | mask).sum().clamp(min=1))


def make(seed, norm):
    torch.manual_seed(seed)
    train, val = data.blobs_to_segment()
    net = UNet(norm)
    return {
        "model": net,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": DataLoader(Scans(*train, seed=1), batch_size=1, shuffle=True),
        "val": DataLoader(Scans(*val, seed=2), batch_size=1),
        "epochs": 5,
        "metric": iou,
    }


def make_faulty(seed=0):
    return make(seed, norm=nn.BatchNorm2d)


def make_fixed(seed=0):
    return make(seed, norm=lambda channels: nn.GroupNorm(4, channels))
