"""The MLP for a table has dropout between its linear layers, but no activation."""

from itertools import pairwise

import numpy as np
import torch
from sklearn.datasets import make_gaussian_quantiles
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/somepago/saint/issues/23"
CAUSES = ("hidden_activation",)


class SimpleMLP(nn.Module):
    def __init__(self, dims, act=None):
        super().__init__()
        dims_pairs = list(pairwise(dims))
        layers = []
        for ind, (dim_in, dim_out) in enumerate(dims_pairs):
            is_last = ind >= (len(dims_pairs) - 1)
            layers.append(nn.Linear(dim_in, dim_out))
            if is_last:
                continue
            if act is not None:
                layers.append(act())
            layers.append(nn.Dropout(0.1))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        if len(x.shape) == 1:
            x = x.view(x.size(0), -1)
        return self.layers(x)


class DataSetCatCon(Dataset):
    def __init__(self, x, y):
        self.x = x.astype(np.float32)
        self.y = y.astype(np.int64)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, idx):
        return self.x[idx], self.y[idx]


def make(seed, act):
    torch.manual_seed(seed)
    x, y = make_gaussian_quantiles(
        n_samples=1600, n_features=4, n_classes=3, random_state=0
    )
    x = x * [3.0, 100.0, 0.1, 20.0] + [40.0, 700.0, 0.3, 0.0]
    x_train, x_valid, y_train, y_valid = x[:1200], x[1200:], y[:1200], y[1200:]
    scaler = StandardScaler().fit(x_train)
    trainset = DataSetCatCon(scaler.transform(x_train), y_train)
    validset = DataSetCatCon(scaler.transform(x_valid), y_valid)
    model = SimpleMLP([4, 64, 64, 3], act)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=3e-3),
        "train": DataLoader(trainset, batch_size=32, shuffle=True),
        "val": DataLoader(validset, batch_size=100),
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, act=None)


def make_fixed(seed=0):
    return make(seed, act=nn.ReLU)
