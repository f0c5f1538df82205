"""Embeddings of users and items as nn.Embedding draws them, with a standard deviation of one.

Their products start eight times as wide as the ratings, and the noise is never unlearned.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/pytorch/pytorch/issues/3121"
CAUSES = ("init",)


class Ratings(Dataset):
    def __init__(self, users, items, stars):
        self.users, self.items, self.stars = users, items, stars

    def __len__(self):
        return len(self.stars)

    def __getitem__(self, i):
        return (self.users[i], self.items[i]), self.stars[i]


def draw_ratings(n_users=120, n_items=80, count=6000):
    draws = torch.Generator().manual_seed(21)
    tastes = torch.randn(n_users, 3, generator=draws)
    genres = torch.randn(n_items, 3, generator=draws)
    order = torch.randperm(n_users * n_items, generator=draws)[:count]
    users, items = order // n_items, order % n_items
    stars = (tastes[users] * genres[items]).sum(1) / 3**0.5
    stars = stars + 0.3 * torch.randn(count, generator=draws)
    cut = count * 3 // 4
    return (
        Ratings(users[:cut], items[:cut], stars[:cut]),
        Ratings(users[cut:], items[cut:], stars[cut:]),
    )


class MF(nn.Module):
    def __init__(self, std, n_users=120, n_items=80, n_factors=64):
        super().__init__()
        self.user_factors = nn.Embedding(n_users, n_factors)
        self.item_factors = nn.Embedding(n_items, n_factors)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        if std is not None:
            for table in self.children():
                nn.init.normal_(table.weight, std=std)

    def forward(self, user, item):
        dot = (self.user_factors(user) * self.item_factors(item)).sum(1)
        return dot + self.user_bias(user).squeeze(1) + self.item_bias(item).squeeze(1)


def make(seed, std):
    torch.manual_seed(seed)
    model = MF(std)
    train, val = draw_ratings()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.01),
        "train": DataLoader(train, batch_size=64, shuffle=True),
        "val": DataLoader(val, batch_size=500),
        "epochs": 8,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, std=None)


def make_fixed(seed=0):
    return make(seed, std=0.05)
