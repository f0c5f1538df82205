"""430 patients, 146 predictors, and a network of two wide layers that fits every one of them.

Its training loss is zero after a few epochs, and the one of validation rises from then on.
"""

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.feature_selection import SelectKBest, f_classif

import data

SOURCE = "https://stats.stackexchange.com/questions/586076"
CAUSES = ("overfitting",)


def patients():
    x, y = make_classification(
        n_samples=430, n_features=146, n_informative=6, n_redundant=4, n_repeated=0,
        n_clusters_per_class=1, class_sep=1.0, flip_y=0.12, random_state=17,
    )  # fmt: skip
    return data.split(torch.tensor(x).float(), torch.tensor(y).float()[:, None])


def accuracy(output, target):
    return ((output > 0.5) == (target > 0.5)).float().mean().item()


def build(n_inputs, units):
    model = nn.Sequential()
    for i, n in enumerate(units):
        model.add_module(f"dense_{i}", nn.Linear(n_inputs, n))
        model.add_module(f"relu_{i}", nn.ReLU())
        n_inputs = n
    model.add_module("output", nn.Linear(n_inputs, 1))
    model.add_module("sigmoid", nn.Sigmoid())
    return model


def make_faulty(seed=0):
    torch.manual_seed(seed)
    train, val = patients()
    model = build(146, units=(256, 128))
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 60,
        "metric": accuracy,
    }


def make_fixed(seed=0):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = patients()
    best = SelectKBest(f_classif, k=8).fit(x.numpy(), y[:, 0].numpy()).get_support()
    model = build(8, units=(8,))
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-2),
        "train": (x[:, best], y),
        "val": (val_x[:, best], val_y),
        "batch_size": 16,
        "epochs": 40,
        "metric": accuracy,
    }
