"""A U-Net of two levels finds disks in noise; BCE plus Dice, judged by the overlap."""

import torch
import torch.nn as nn
import torch.nn.functional as F

import data


class DoubleConv(nn.Module):
    """(convolution => [BN] => ReLU) * 2"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class UNet(nn.Module):
    def __init__(self, n_channels=1, n_classes=1, width=8):
        super().__init__()
        self.inc = DoubleConv(n_channels, width)
        self.down1 = DoubleConv(width, 2 * width)
        self.down2 = DoubleConv(2 * width, 2 * width)
        self.up1 = DoubleConv(4 * width, width)
        self.up2 = DoubleConv(2 * width, width)
        self.outc = nn.Conv2d(width, n_classes, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(F.max_pool2d(x1, 2))
        x3 = self.down2(F.max_pool2d(x2, 2))
        x = self.up1(torch.cat([x2, F.interpolate(x3, scale_factor=2)], dim=1))
        x = self.up2(torch.cat([x1, F.interpolate(x, scale_factor=2)], dim=1))
        return self.outc(x)


class BCEDiceLoss(nn.Module):
    def __init__(self, smooth=1.0):
        super().__init__()
        self.smooth = smooth

    def forward(self, logits, masks):
        bce = F.binary_cross_entropy_with_logits(logits, masks)
        probs = torch.sigmoid(logits)
        overlap = (probs * masks).sum(dim=(1, 2, 3))
        sizes = probs.sum(dim=(1, 2, 3)) + masks.sum(dim=(1, 2, 3))
        dice = (2 * overlap + self.smooth) / (sizes + self.smooth)
        return bce + 1 - dice.mean()


def iou(logits, masks):
    pred, truth = logits > 0, masks > 0.5
    return ((pred & truth).sum() / (pred | truth).sum().clamp(min=1)).item()


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.blobs_to_segment(count=400)
    model = UNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return {
        "model": model,
        "loss_fn": BCEDiceLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10),
        "train": (x, y[:, None].float()),
        "val": (val_x, val_y[:, None].float()),
        "batch_size": 10,
        "epochs": 10,
        "metric": iou,
    }
