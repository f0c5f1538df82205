"""The last rows of a file that is sorted by class are taken for validation.

They all are of one class, of which training sees few rows.
"""

import sklearn.datasets
import torch
from torch import nn

SOURCE = "https://rocuku.github.io/keras-validation-split-shuffle"
CAUSES = ("shuffle", "bad_data")


def read_file():
    wine = sklearn.datasets.load_wine()
    x = torch.tensor(wine.data, dtype=torch.float32)
    y = torch.tensor(wine.target)
    return (x - x.mean(0)) / x.std(0), y


def fit_arguments(x, y, validation_split, shuffle_first):
    if shuffle_first:
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
        x, y = x[order], y[order]
    split_at = int(len(x) * (1 - validation_split))
    return (x[:split_at], y[:split_at]), (x[split_at:], y[split_at:])


def make(seed, shuffle_first):
    torch.manual_seed(seed)
    model = nn.Sequential()
    model.add_module("dense", nn.Linear(13, 32))
    model.add_module("relu", nn.ReLU())
    model.add_module("dense_1", nn.Linear(32, 3))
    model.add_module("log_softmax", nn.LogSoftmax(dim=-1))
    train, val = fit_arguments(*read_file(), 0.25, shuffle_first)
    return {
        "model": model,
        "loss_fn": nn.NLLLoss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 8,
        "epochs": 15,
        "shuffle": True,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, shuffle_first=False)


def make_fixed(seed=0):
    return make(seed, shuffle_first=True)
