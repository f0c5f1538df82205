"""Half a million weights for 331 patients and ten columns: learned by heart."""

import torch
from torch import nn

import data

SOURCE = "https://datascience.stackexchange.com/questions/19482/is-it-always-possible-for-validation-accuracy-to-be-as-high-as-training-accuracy"
CAUSES = ("overfitting",)


def dense(units, dropout=0.0):
    layers, last = [], 10
    for n in units:
        layers += [nn.Linear(last, n), nn.ReLU(), nn.Dropout(dropout)]
        last = n
    return nn.Sequential(*layers, nn.Linear(last, 1), nn.Flatten(0))


def standardized():
    (x, y), (x_val, y_val) = data.table("diabetes")
    mean, std = y.mean(), y.std()
    return (x, (y - mean) / std), (x_val, (y_val - mean) / std)


def make_faulty(seed=0):
    torch.manual_seed(seed)
    train, val = standardized()
    model = dense([512, 512, 512])
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.001),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 60,
        "metric": "r2",
    }


def make_fixed(seed=0):
    torch.manual_seed(seed)
    train, val = standardized()
    model = dense([16], dropout=0.1)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=0.002, weight_decay=0.1),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 60,
        "metric": "r2",
    }
