"""Crops of two to thirty hundredths of a digit are blown up: no one could read most of them."""

import math
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/DeepVoltaire/AutoAugment/issues/10"
CAUSES = ("regularization", "bad_data")


class RandomResizedCrop:
    def __init__(self, size, scale):
        self.size, self.scale = size, scale

    def __call__(self, img):
        area = random.uniform(*self.scale)
        side = max(2, round(math.sqrt(area) * img.shape[-1]))
        top = random.randint(0, img.shape[-1] - side)
        left = random.randint(0, img.shape[-1] - side)
        crop = img[None, :, top : top + side, left : left + side]
        return F.interpolate(crop, self.size, mode="bilinear", align_corners=False)[0]


class Digits(Dataset):
    def __init__(self, pair, transform=None):
        self.images, self.labels = pair
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform:
            img = self.transform(img)
        return img, self.labels[i]


def make(seed, scale):
    torch.manual_seed(seed)
    random.seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    train, val = data.mnist(1500, side=14)
    augmented = Digits(train, RandomResizedCrop(14, scale))
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": DataLoader(augmented, batch_size=32, shuffle=True),
        "val": DataLoader(Digits(val), batch_size=125),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, scale=(0.02, 0.3))


def make_fixed(seed=0):
    return make(seed, scale=(0.7, 1.0))
