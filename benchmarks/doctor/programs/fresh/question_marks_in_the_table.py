"""A table has a question mark here and there; they are read as NaN, and so is every loss."""

import csv
import io

import numpy as np
import sklearn.datasets
import torch
from torch import nn

import data

SOURCE = "https://github.com/radiasoft/sirepo/issues/2983"
CAUSES = ("bad_data", "numerics")


def csv_file():
    """Write the diabetes table, with one value in two hundred unknown."""
    table = sklearn.datasets.load_diabetes()
    lost = np.random.default_rng(0).random(table.data.shape) < 0.005
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([*table.feature_names, "progression"])
    for row, gone, target in zip(table.data, lost, table.target, strict=True):
        cells = ["?" if g else f"{v:.5f}" for v, g in zip(row, gone, strict=True)]
        writer.writerow([*cells, target])
    file.seek(0)
    return file


def number(text):
    try:
        return float(text)
    except ValueError:
        return float("nan")


def read(drop_incomplete):
    rows = list(csv.reader(csv_file()))[1:]
    table = torch.tensor([[number(cell) for cell in row] for row in rows])
    if drop_incomplete:
        table = table[~table.isnan().any(1)]
    x, y = table[:, :-1] * 21, (table[:, -1:] - 152) / 77
    return data.split(x, y)


def make(seed, drop_incomplete):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1))
    train, val = read(drop_incomplete)
    return {
        "model": net,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, drop_incomplete=False)


def make_fixed(seed=0):
    return make(seed, drop_incomplete=True)
