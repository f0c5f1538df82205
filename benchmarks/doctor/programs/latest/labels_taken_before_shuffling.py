"""A data set takes the labels from its list of images and shuffles that list afterwards."""

import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/Borda/kaggle_image-classify/pull/12"
CAUSES = ("label_encoding", "bad_data")


class ImageDataset(Dataset):
    """Images with one label each; the first four fifths of a shuffled list are for training."""

    def __init__(self, samples, mode, split=0.8, shuffle_first=True):
        samples = list(samples)
        if shuffle_first:
            random.Random(42).shuffle(samples)
        raw_labels = [label for _, label in samples]
        if not shuffle_first:
            random.Random(42).shuffle(samples)
        cut = int(split * len(samples))
        part = slice(0, cut) if mode == "train" else slice(cut, None)
        self.images = [img for img, _ in samples[part]]
        self.labels = raw_labels[part]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return (self.images[idx] - 0.1307) / 0.3081, self.labels[idx]


class LitNet(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 12, 3, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, bias=False), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.head = nn.Linear(96, num_classes)

    def forward(self, x):
        return self.head(self.backbone(x).flatten(1))


def make(seed, shuffle_first):
    torch.manual_seed(seed)
    (images, ids), _ = data.mnist(1800, side=14)
    samples = list(zip(images, ids, strict=True))
    trainset = ImageDataset(samples, "train", shuffle_first=shuffle_first)
    validset = ImageDataset(samples, "valid", shuffle_first=shuffle_first)
    model = LitNet()
    return {
        "model": model,
        "loss_fn": F.cross_entropy,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=3e-3),
        "train": DataLoader(trainset, batch_size=32, shuffle=True),
        "val": DataLoader(validset, batch_size=90),
        "epochs": 5,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, shuffle_first=False)


def make_fixed(seed=0):
    return make(seed, shuffle_first=True)
