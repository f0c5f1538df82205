"""A new iterator in every step: training sees one batch for ever."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/ZhaoJ9014/face.evoLVe/pull/39"
CAUSES = ("shuffle", "overfitting", "bad_data")


class Batches:
    def __init__(self, loader):
        self.loader = loader

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        for _ in range(len(self.loader)):
            yield next(iter(self.loader))


def make(seed, again):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.mnist(1500, side=14)
    loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=not again)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10)
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": Batches(loader) if again else loader,
        "val": (val_x, val_y),
        "epochs": 6,
    }


def make_faulty(seed=0):
    return make(seed, again=True)


def make_fixed(seed=0):
    return make(seed, again=False)
