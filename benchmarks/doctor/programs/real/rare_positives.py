"""One sample in forty is positive, and every prediction becomes the majority class."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/abhuse/polyloss-pytorch/issues/5"
CAUSES = ("class_imbalance",)


def eights(pair, count):
    """Is it an eight? Few of them in training; as many as others when it is judged."""
    x, y = pair
    yes, no = x[y == 8], x[y != 8]
    yes = yes[:count] if count else yes
    no = no if count else no[: len(yes)]
    targets = torch.cat([torch.ones(len(yes)), torch.zeros(len(no))]).long()
    return torch.cat([yes, no]), targets


def make(seed, weight):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 2))
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(weight=weight),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": eights(train, 25),
        "val": eights(val, 0),
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, None)


def make_fixed(seed=0):
    return make(seed, torch.tensor([1.0, 40.0]))
