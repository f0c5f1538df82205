"""Vectors of 100 numbers for users and items with a few stars each, sixty epochs long.

The training error goes to nothing and the validation error rises.
"""

import numpy as np
import torch
from torch import nn

SOURCE = "https://github.com/aws/sagemaker-python-sdk/issues/591"
CAUSES = ("overfitting", "capacity", "regularization")

USERS, ITEMS = 300, 120


def stars(n=8000):
    rng = np.random.default_rng(55)
    users, items = rng.integers(0, USERS, n), rng.integers(0, ITEMS, n)
    taste, style = rng.normal(0, 1, (USERS, 2)), rng.normal(0, 1, (ITEMS, 2))
    user_bias, item_bias = rng.normal(0, 0.4, USERS), rng.normal(0, 0.6, ITEMS)
    score = 3.2 + user_bias[users] + item_bias[items]
    score = score + 0.55 * (taste[users] * style[items]).sum(1) + rng.normal(0, 0.4, n)
    pairs = torch.tensor(np.stack([users, items], axis=1))
    return pairs, torch.tensor(score.clip(1, 5)).float()


class BiasedMF(nn.Module):
    def __init__(self, factors):
        super().__init__()
        self.user_factors = nn.Embedding(USERS, factors)
        self.item_factors = nn.Embedding(ITEMS, factors)
        self.user_biases = nn.Embedding(USERS, 1)
        self.item_biases = nn.Embedding(ITEMS, 1)
        self.offset = nn.Parameter(torch.tensor(3.0))
        for table in (self.user_factors, self.item_factors):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.user_biases, self.item_biases):
            nn.init.zeros_(table.weight)

    def forward(self, pairs):
        user, item = pairs[:, 0], pairs[:, 1]
        dot = (self.user_factors(user) * self.item_factors(item)).sum(dim=1)
        bias = self.user_biases(user) + self.item_biases(item)
        return dot + bias.squeeze(1) + self.offset


def make(seed, factors, weight_decay, epochs):
    torch.manual_seed(seed)
    pairs, score = stars()
    model = BiasedMF(factors)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(
            model.parameters(), lr=5e-3, weight_decay=weight_decay
        ),
        "train": (pairs[:6400], score[:6400]),
        "val": (pairs[6400:], score[6400:]),
        "batch_size": 128,
        "epochs": epochs,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, factors=100, weight_decay=0.0, epochs=60)


def make_fixed(seed=0):
    return make(seed, factors=3, weight_decay=5e-4, epochs=24)
