"""Class ids of a table count from one, as its authors wrote them."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/EricFillion/happy-transformer/issues/248"
CAUSES = ("label_encoding",)


class Cultivars(Dataset):
    def __init__(self, pair, first):
        self.rows = pair[0]
        self.ids = pair[1] + first

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index], self.ids[index]


def make(seed, first):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(13, 24), nn.ELU(), nn.Linear(24, 3))
    train, val = data.table("wine")
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.01),
        "train": DataLoader(Cultivars(train, first), batch_size=16, shuffle=True),
        "val": DataLoader(Cultivars(val, first), batch_size=64),
        "epochs": 15,
    }


def make_faulty(seed=0):
    return make(seed, first=1)


def make_fixed(seed=0):
    return make(seed, first=0)
