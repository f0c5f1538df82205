"""Every pixel of a handwritten digit is to say which digit it is part of, or none.

Ground is five sixths of the pixels, so the loss weighs classes and the score is of ink alone.
"""

import torch
import torch.nn.functional as F
from torch import nn

import data

DIGITS = 4


def masks(pair):
    images, ids = pair
    keep = ids < DIGITS
    images, ids = images[keep], ids[keep]
    ink = images[:, 0] > 0.3
    return images, torch.where(ink, ids.view(-1, 1, 1) + 1, 0)


def double_conv(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.LeakyReLU(0.1),
        nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.LeakyReLU(0.1),
    )


class UNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.enc1 = double_conv(1, width)
        self.enc2 = double_conv(width, 2 * width)
        self.enc3 = double_conv(2 * width, 4 * width)
        self.context = nn.Sequential(
            nn.Flatten(), nn.Linear(4 * width * 9, 4 * width), nn.LeakyReLU(0.1)
        )
        self.dec2 = double_conv(4 * width + 4 * width + 2 * width, 2 * width)
        self.dec1 = double_conv(2 * width + width, width)
        self.head = nn.Conv2d(width, DIGITS + 1, 1)

    def forward(self, x):
        e1 = self.enc1(x)  # 14 x 14
        e2 = self.enc2(F.max_pool2d(e1, 2))  # 7 x 7
        e3 = self.enc3(F.max_pool2d(e2, 2))  # 3 x 3
        whole = self.context(e3)[:, :, None, None].expand_as(e3)
        up = F.interpolate(torch.cat([e3, whole], 1), size=e2.shape[-2:])
        d2 = self.dec2(torch.cat([up, e2], 1))
        d1 = self.dec1(torch.cat([F.interpolate(d2, size=e1.shape[-2:]), e1], 1))
        return self.head(d1)


def accuracy_of_ink(logits, mask):
    ink = mask > 0
    return float((logits.argmax(1)[ink] == mask[ink]).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(3000, side=14)
    model = UNet()
    weight = torch.tensor([0.3] + [1.0] * DIGITS)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(weight=weight),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 3, gamma=0.3),
        "train": masks(train),
        "val": masks(val),
        "batch_size": 32,
        "epochs": 5,
        "metric": accuracy_of_ink,
    }
