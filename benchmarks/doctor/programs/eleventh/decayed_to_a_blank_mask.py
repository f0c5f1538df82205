"""Rings are to be marked and disks are not; against overfitting, Adam with weight_decay=0.1.

The decay is part of Adam's gradient and outweighs that of the loss; the filters go to zero.
"""

import torch
from torch import nn, optim

SOURCE = "https://github.com/tinghuiz/SfMLearner/issues/34"
CAUSES = ("regularization",)


def conv_block(in_ch, out_ch):
    return nn.Sequential(nn.Conv2d(in_ch, out_ch, 3, padding=1), nn.ReLU(inplace=True))


class TinyUNet(nn.Module):
    def __init__(self, n_classes=2):
        super().__init__()
        self.down1 = conv_block(1, 8)
        self.down2 = conv_block(8, 16)
        self.bottom = conv_block(16, 16)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.up2 = conv_block(16 + 16, 16)
        self.up1 = conv_block(16 + 8, 8)
        self.out = nn.Conv2d(8, n_classes, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        x1 = self.down1(x)
        x2 = self.down2(self.pool(x1))
        x3 = self.bottom(self.pool(x2))
        x = self.up2(torch.cat([self.up(x3), x2], dim=1))
        x = self.up1(torch.cat([self.up(x), x1], dim=1))
        return self.out(x)


def rings_and_disks(count, seed, side=16):
    """Noisy images of a ring and a disk, and the pixels inside the ring's outer edge."""
    draws = torch.Generator().manual_seed(seed)
    rows = torch.arange(side).view(1, side, 1)
    columns = torch.arange(side).view(1, 1, side)
    places = torch.rand(count, 2, generator=draws) * 6
    is_left = torch.rand(count, generator=draws) < 0.5
    edge = torch.where(is_left, 4.0, 11.0)

    def distance(column, row):
        across = columns - column.view(-1, 1, 1)
        return ((rows - row.view(-1, 1, 1)) ** 2 + across**2).sqrt()

    ring = distance(edge, places[:, 0] + 5)
    disk = distance(15 - edge, places[:, 1] + 5)
    ink = ((ring < 4) & (ring > 2)) | (disk < 3.5)
    noise = torch.randn(count, 1, side, side, generator=draws)
    return ink[:, None].float() + 0.25 * noise, (ring < 4).long()


def iou(logits, mask):
    pred, mask = logits.argmax(1).bool(), mask.bool()
    union = (pred | mask).sum().item()
    return (pred & mask).sum().item() / union if union else 1.0


def make(seed, weight_decay):
    torch.manual_seed(seed)
    net = TinyUNet()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optim.Adam(net.parameters(), lr=2e-3, weight_decay=weight_decay),
        "train": rings_and_disks(400, seed=1),
        "val": rings_and_disks(120, seed=2),
        "batch_size": 8,
        "epochs": 15,
        "metric": iou,
    }


def make_faulty(seed=0):
    return make(seed, weight_decay=0.1)


def make_fixed(seed=0):
    return make(seed, weight_decay=1e-5)
