"""Scans and masks are listed apart, one list by number, the other by name: 10 before 2."""

import re

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/minar09/cp-vton-plus/issues/8"
CAUSES = ("label_encoding", "bad_data")


def folder(pair):
    """A folder of scans and one of masks, as dicts of file names."""
    scans, masks = pair
    images = {f"scan_{i}.png": scan for i, scan in enumerate(scans)}
    targets = {f"mask_{i}.png": mask for i, mask in enumerate(masks)}
    return images, targets


def by_number(name):
    return int(re.findall(r"\d+", name)[0])


class SegmentationDataset(Dataset):
    def __init__(self, images, masks, mask_key=None):
        self.images, self.masks = images, masks
        self.ids = sorted(images, key=by_number)
        self.mask_ids = sorted(masks, key=mask_key)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        image, mask = self.images[self.ids[i]], self.masks[self.mask_ids[i]]
        return image, mask[None].float()


def double_conv(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True),
        nn.Conv2d(c_out, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.down1 = double_conv(1, base)
        self.down2 = double_conv(base, 2 * base)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.conv = double_conv(2 * base, base)
        self.last = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        skip = self.down1(x)
        x = self.up(self.down2(F.max_pool2d(skip, 2)))
        return self.last(self.conv(torch.cat([skip, x], dim=1)))


def iou(logits, masks):
    predicted, masks = logits > 0, masks > 0.5
    union = (predicted | masks).sum()
    return float((predicted & masks).sum() / union.clamp(min=1))


def make(seed, mask_key):
    torch.manual_seed(seed)
    train, val = data.blobs_to_segment(400)
    model = UNet()
    train_set = SegmentationDataset(*folder(train), mask_key)
    val_set = SegmentationDataset(*folder(val), mask_key)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(train_set, batch_size=16, shuffle=True),
        "val": DataLoader(val_set, batch_size=50),
        "epochs": 10,
        "metric": iou,
    }


def make_faulty(seed=0):
    return make(seed, mask_key=None)


def make_fixed(seed=0):
    return make(seed, mask_key=by_number)
