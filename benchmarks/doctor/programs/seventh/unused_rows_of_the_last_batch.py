"""Defaults for tables of millions, 1,024 rows a batch and drop_last: one update in an epoch."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/dreamquark-ai/tabnet/issues/537"
CAUSES = ("batch_size", "epochs_few", "lr_low")


class GLU(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.fc = nn.Linear(n_in, 2 * n_out, bias=False)
        self.bn = nn.BatchNorm1d(2 * n_out)

    def forward(self, x):
        return nn.functional.glu(self.bn(self.fc(x)), dim=1)


class TabularClassifier(nn.Module):
    def __init__(self, n_features, n_classes, n_d=32):
        super().__init__()
        self.first = GLU(n_features, n_d)
        self.blocks = nn.ModuleList([GLU(n_d, n_d), GLU(n_d, n_d)])
        self.out = nn.Linear(n_d, n_classes)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = (x + block(x)) * 0.5**0.5
        return self.out(x)


def fit(seed, max_epochs=15, batch_size=1024, drop_last=True):
    torch.manual_seed(seed)
    (x, y), (x_valid, y_valid) = data.digits()
    mean, std = x.mean(0), x.std(0).clamp(min=1e-2)
    train = TensorDataset((x - mean) / std, y)
    valid = TensorDataset((x_valid - mean) / std, y_valid)
    network = TabularClassifier(64, 10)
    return {
        "model": network,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(network.parameters(), lr=1e-3),
        "train": DataLoader(train, batch_size, shuffle=True, drop_last=drop_last),
        "val": DataLoader(valid, 256),
        "epochs": max_epochs,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return fit(seed)


def make_fixed(seed=0):
    return fit(seed, batch_size=32)
