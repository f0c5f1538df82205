"""Images from 0 to 255 go into a network that expects 0 to 1."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/hill-a/stable-baselines/issues/328"
CAUSES = ("input_scale",)


class Images(Dataset):
    def __init__(self, pair, divide):
        self.images, self.labels = pair
        self.divide = divide

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = self.images[i] * 255
        return (image / 255 if self.divide else image), self.labels[i]


def make(seed, divide):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(),
        nn.Linear(64, 10),
    )  # fmt: skip
    train, val = data.mnist(2000, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(Images(train, divide), batch_size=32, shuffle=True),
        "val": DataLoader(Images(val, divide), batch_size=200),
        "epochs": 8,
    }


def make_faulty(seed=0):
    return make(seed, divide=False)


def make_fixed(seed=0):
    return make(seed, divide=True)
