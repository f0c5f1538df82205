"""Features of a pretrained network are collected once, from a loader that shuffles.

The labels are taken from the dataset, in its own order, and belong to other images.
"""

from functools import cache

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/keras-team/keras/pull/7520"
CAUSES = ("label_encoding", "bad_data", "shuffle")


@cache
def pretrained_features():
    """A small network that has learned the digits below five, without its head."""
    torch.manual_seed(11)
    (images, ids), _ = data.mnist(2000, side=14)
    images, ids = images[ids < 5], ids[ids < 5]
    features = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    )  # fmt: skip
    model = nn.Sequential(features, nn.Linear(32 * 3 * 3, 5))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(4):
        for rows in torch.randperm(len(ids)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[rows]), ids[rows]).backward()
            optimizer.step()
    return features.eval()


@torch.no_grad()
def extract(dataset, shuffle):
    loader = DataLoader(dataset, batch_size=100, shuffle=shuffle)
    features = torch.cat([pretrained_features()(images) for images, _ in loader])
    return TensorDataset(features, dataset.tensors[1])


def make(seed, shuffle):
    train, val = data.mnist(3000, side=14)
    pretrained_features()
    torch.manual_seed(seed)
    top = nn.Sequential(
        nn.Linear(32 * 3 * 3, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10)
    )
    train_features = extract(TensorDataset(*train), shuffle=shuffle)
    return {
        "model": top,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(top.parameters(), lr=2e-3),
        "train": DataLoader(train_features, batch_size=32, shuffle=True),
        "val": DataLoader(extract(TensorDataset(*val), shuffle=False), batch_size=100),
        "epochs": 20,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, shuffle=True)


def make_fixed(seed=0):
    return make(seed, shuffle=False)
