"""A ReLU as the last layer of a regression whose targets are negative as often as not."""

import torch
from torch import nn

import data

SOURCE = "https://math.techqa.club/are-relu-a-very-bad-choice-as-last-layer-for-regression-4483706"
CAUSES = ("output_activation",)


def make(seed, *last):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1), *last
    )
    train, val = data.friedman()
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, nn.ReLU())


def make_fixed(seed=0):
    return make(seed)
