"""A survival network without mini-batches: one step in an epoch, and only twenty epochs."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/jaredleekatzman/DeepSurv/issues/24"
CAUSES = ("batch_size", "epochs_few", "lr_low")


def simulated(n=1200, seed=4):
    """Ten covariates, a risk that is not linear in two of them, and censored times."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(n, 10))
    risk = 5 * np.exp(-(x[:, 0] ** 2 + x[:, 1] ** 2) / 0.5) + x[:, 2]
    t = rng.exponential(5 * np.exp(-risk))
    end = np.quantile(t, 0.9)
    y = np.stack([np.minimum(t, end), t <= end], axis=1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def negative_log_likelihood(risk, y):
    time, event = y[:, 0], y[:, 1]
    order = torch.argsort(time, descending=True)
    risk, event = risk[order, 0], event[order]
    log_risk = torch.logcumsumexp(risk, dim=0)
    return -((risk - log_risk) * event).sum() / event.sum().clamp(min=1)


def concordance_index(risk, y):
    time, event, risk = y[:, 0], y[:, 1], risk[:, 0]
    pairs = (time[:, None] < time[None]) & (event[:, None] == 1)
    right = (risk[:, None] > risk[None]).float() + 0.5 * (risk[:, None] == risk[None])
    return float(right[pairs].mean()) if pairs.any() else 0.5


class DeepSurv(nn.Module):
    def __init__(self, n_in, hidden=(32, 32)):
        super().__init__()
        layers = []
        for n_out in hidden:
            layers += [nn.Linear(n_in, n_out), nn.SELU()]
            n_in = n_out
        self.layers = nn.Sequential(*layers, nn.Linear(n_in, 1))

    def forward(self, x):
        return self.layers(x)


def make(seed, batch_size=None):
    torch.manual_seed(seed)
    train, valid = data.split(*simulated())
    model = DeepSurv(10)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    size = batch_size or len(train[0])
    return {
        "model": model,
        "loss_fn": negative_log_likelihood,
        "optimizer": optimizer,
        "train": DataLoader(TensorDataset(*train), batch_size=size, shuffle=True),
        "val": DataLoader(TensorDataset(*valid), batch_size=len(valid[0])),
        "epochs": 20,
        "metric": concordance_index,
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, batch_size=30)
