"""Stars that users gave to films, by factors of users and films, and their biases."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

N_USERS, N_FILMS = 150, 80


def ratings(n=6500):
    rng = np.random.default_rng(100)
    taste = rng.normal(size=(N_USERS, 3))
    kind = rng.normal(size=(N_FILMS, 3))
    kindness = rng.normal(0, 0.45, N_USERS)
    quality = rng.normal(0, 0.55, N_FILMS)
    pairs = rng.choice(N_USERS * N_FILMS, n, replace=False)
    user, film = pairs // N_FILMS, pairs % N_FILMS
    match = (taste[user] * kind[film]).sum(1) * 0.35
    stars = 3.5 + kindness[user] + quality[film] + match + rng.normal(0, 0.5, n)
    return user, film, np.clip(np.round(stars * 2) / 2, 0.5, 5)


class RatingsDataset(Dataset):
    def __init__(self, user, film, stars):
        self.user, self.film = torch.LongTensor(user), torch.LongTensor(film)
        self.stars = torch.FloatTensor(stars)

    def __len__(self):
        return len(self.stars)

    def __getitem__(self, i):
        return (self.user[i], self.film[i]), self.stars[i]


class BiasedMF(nn.Module):
    def __init__(self, mean, n_factors=8):
        super().__init__()
        self.user_factors = nn.Embedding(N_USERS, n_factors)
        self.item_factors = nn.Embedding(N_FILMS, n_factors)
        self.user_bias = nn.Embedding(N_USERS, 1)
        self.item_bias = nn.Embedding(N_FILMS, 1)
        for emb in (self.user_factors, self.item_factors):
            nn.init.normal_(emb.weight, std=0.1)
        for emb in (self.user_bias, self.item_bias):
            nn.init.zeros_(emb.weight)
        self.mean = mean

    def forward(self, user, item):
        dot = (self.user_factors(user) * self.item_factors(item)).sum(1)
        return self.mean + self.user_bias(user)[:, 0] + self.item_bias(item)[:, 0] + dot


def make(seed=0):
    torch.manual_seed(seed)
    user, film, stars = ratings()
    cut = int(0.85 * len(stars))
    model = BiasedMF(float(stars[:cut].mean()))
    train = RatingsDataset(user[:cut], film[:cut], stars[:cut])
    test = RatingsDataset(user[cut:], film[cut:], stars[cut:])
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=2e-4),
        "train": DataLoader(train, batch_size=64, shuffle=True),
        "val": DataLoader(test, batch_size=200),
        "epochs": 10,
        "metric": "r2",
    }
