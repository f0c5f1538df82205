"""A factorization machine over four fields of codes, by Adagrad on the sum of a batch.

Ids of all fields share one table, with an offset for each field, as in libraries for clicks.
"""

import numpy as np
import torch
from torch import nn

import data

FIELDS = (60, 40, 12, 7)


def orders(n=6000, seed=77):
    """Customer, dish, month and weekday of an order, and how many liked it: a noisy score."""
    rng = np.random.default_rng(seed)
    x = np.stack([rng.integers(k, size=n) for k in FIELDS], axis=1)
    mains = [rng.normal(0, 0.4, k) for k in FIELDS]
    taste, flavor = rng.normal(0, 0.8, (60, 2)), rng.normal(0, 0.8, (40, 2))
    season = rng.normal(0, 0.8, (12, 2))
    y = sum(main[x[:, i]] for i, main in enumerate(mains))
    y += (taste[x[:, 0]] * flavor[x[:, 1]]).sum(1)
    y += (flavor[x[:, 1]] * season[x[:, 2]]).sum(1)
    y += rng.normal(0, 0.4, size=n)
    return torch.tensor(x), torch.tensor((y - y.mean()) / y.std()).float()


class FactorizationMachine(nn.Module):
    def __init__(self, field_dims, embed_dim=4):
        super().__init__()
        offsets = np.array((0, *np.cumsum(field_dims)[:-1]))
        self.register_buffer("offsets", torch.tensor(offsets))
        self.linear = nn.Embedding(sum(field_dims), 1)
        self.embedding = nn.Embedding(sum(field_dims), embed_dim)
        self.bias = nn.Parameter(torch.zeros(1))
        nn.init.zeros_(self.linear.weight)
        nn.init.normal_(self.embedding.weight, std=0.15)

    def forward(self, x):
        x = x + self.offsets
        v = self.embedding(x)
        pairs = v.sum(1).square() - v.square().sum(1)
        return self.bias + self.linear(x).sum((1, 2)) + 0.5 * pairs.sum(1)


def train_step(model, optimizer, loss_fn, x, y):
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None
    residual = loss_fn(model(x), y)
    residual.backward()
    optimizer.step()
    return residual.item() / len(y)


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.split(*orders())
    fm = FactorizationMachine(FIELDS)
    return {
        "model": fm,
        "loss_fn": nn.MSELoss(reduction="sum"),
        "optimizer": torch.optim.Adagrad(fm.parameters(), lr=0.1),
        "train": train,
        "val": val,
        "batch_size": 100,
        "epochs": 20,
        "metric": "r2",
        "step": train_step,
    }
