"""sklearn's r2_score gets the predictions first: their variance divides, not the truth's."""

import torch
from sklearn.metrics import r2_score
from torch import nn

import data

SOURCE = "https://github.com/dynamicslab/pysindy/issues/80"
CAUSES = ("metric",)


def score_swapped(pred, y):
    return r2_score(pred.numpy(), y.numpy())


def score(pred, y):
    return r2_score(y.numpy(), pred.numpy())


def make(seed, metric):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.table("diabetes")
    mean, std = y.mean(), y.std()
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
    return {
        "model": model,
        "loss_fn": nn.HuberLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1),
        "train": (x, ((y - mean) / std)[:, None]),
        "val": (val_x, ((val_y - mean) / std)[:, None]),
        "batch_size": 32,
        "epochs": 30,
        "metric": metric,
    }


def make_faulty(seed=0):
    return make(seed, score_swapped)


def make_fixed(seed=0):
    return make(seed, score)
