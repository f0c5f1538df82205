"""Masks are read as gray values, 0 and 255, where the loss wants 0 and 1."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/milesial/Pytorch-UNet/issues/291"
CAUSES = ("label_encoding", "loss_mismatch")


class Masks(Dataset):
    def __init__(self, pair, divisor):
        self.images, self.masks = pair
        self.divisor = divisor

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        mask = self.masks[i].float()[None] * 255
        return self.images[i], mask / self.divisor


def accuracy(logits, mask):
    return float(((logits > 0) == (mask > 0.5)).float().mean())


def make(seed, divisor):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(),
        nn.Conv2d(12, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 1, 3, padding=1),
    )  # fmt: skip
    train, val = data.blobs_to_segment()
    return {
        "model": net,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=5e-3),
        "train": DataLoader(Masks(train, divisor), batch_size=12, shuffle=True),
        "val": DataLoader(Masks(val, divisor), batch_size=30),
        "epochs": 12,
        "metric": accuracy,
    }


def make_faulty(seed=0):
    return make(seed, divisor=1)


def make_fixed(seed=0):
    return make(seed, divisor=255)
