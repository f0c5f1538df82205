"""A file sorted by class is shuffled in a buffer of 50 samples: far less than a class has."""

import random

import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

import data

SOURCE = "https://github.com/IBM/graph2tac/pull/95"
CAUSES = ("shuffle",)


class ShuffleBuffer(Sampler):
    """Reads samples in the order of the file and yields random ones out of a buffer."""

    def __init__(self, n, buffer_size, seed):
        self.n, self.buffer_size = n, buffer_size
        self.random = random.Random(seed)

    def __len__(self):
        return self.n

    def __iter__(self):
        buffer = []
        for i in range(self.n):
            buffer.append(i)
            if len(buffer) >= self.buffer_size:
                yield buffer.pop(self.random.randrange(len(buffer)))
        self.random.shuffle(buffer)
        yield from buffer


def conv(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1), nn.GELU(), nn.MaxPool2d(2, ceil_mode=True)
    )


def make(seed, buffer_size):
    torch.manual_seed(seed)
    (images, labels), (val_images, val_labels) = data.mnist(2000, side=14)
    order = labels.argsort(stable=True)
    shards = TensorDataset((images[order] - 0.13) / 0.31, labels[order])
    sampler = ShuffleBuffer(len(shards), buffer_size, seed)
    model = nn.Sequential(
        conv(1, 12), conv(12, 24), conv(24, 32),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * 4, 10),
    )  # fmt: skip
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(shards, batch_size=32, sampler=sampler),
        "val": ((val_images - 0.13) / 0.31, val_labels),
        "epochs": 8,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, buffer_size=50)


def make_fixed(seed=0):
    return make(seed, buffer_size=10_000)
