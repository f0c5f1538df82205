"""A recommender puts linear layers on users and films, and no activation between them.

Whatever such layers say of a user and a film is a sum of one number for each of the two.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/dmlc/mxnet-notebooks/issues/5"
CAUSES = ("hidden_activation",)

N_USERS, N_FILMS = 120, 80


class Ratings(Dataset):
    """Stars from 1 to 5: users like films of their own kind, and some are harsh."""

    def __init__(self, part):
        rng = np.random.default_rng(12)
        taste = rng.normal(size=(N_USERS, 2))
        kind = rng.normal(size=(N_FILMS, 2))
        harsh = rng.normal(size=(N_USERS, 1)) * 0.3
        good = rng.normal(size=(1, N_FILMS)) * 0.3
        stars = 3 + 0.9 * taste @ kind.T + harsh + good
        stars = np.clip(np.round(stars + 0.3 * rng.normal(size=stars.shape)), 1, 5)
        users, films = np.divmod(rng.permutation(N_USERS * N_FILMS), N_FILMS)
        keep = slice(0, 7200) if part == "train" else slice(7200, None)
        self.users, self.films = users[keep], films[keep]
        self.stars = stars[self.users, self.films].astype(np.float32)

    def __len__(self):
        return len(self.stars)

    def __getitem__(self, i):
        return {"user": self.users[i], "item": self.films[i]}, self.stars[i]


class Recommender(nn.Module):
    def __init__(self, k, hidden, activation):
        super().__init__()
        self.user = nn.Embedding(N_USERS, k)
        self.item = nn.Embedding(N_FILMS, k)
        nn.init.normal_(self.user.weight, std=0.3)
        nn.init.normal_(self.item.weight, std=0.3)
        layers = []
        for n_in, n_out in [(2 * k, hidden), (hidden, hidden)]:
            layers.append(nn.Linear(n_in, n_out))
            if activation is not None:
                layers.append(activation())
        self.fc = nn.Sequential(*layers, nn.Linear(hidden, 1))
        nn.init.constant_(self.fc[-1].bias, 3.0)

    def forward(self, user, item):
        pair = torch.cat([self.user(user), self.item(item)], dim=1)
        return self.fc(pair).squeeze(1)


def make(seed, activation):
    torch.manual_seed(seed)
    model = Recommender(k=8, hidden=48, activation=activation)
    optimizer = torch.optim.Adam(
        [
            {"params": [model.user.weight, model.item.weight], "weight_decay": 1e-4},
            {"params": model.fc.parameters()},
        ],
        lr=5e-3,
    )
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "train": DataLoader(Ratings("train"), 64, shuffle=True),
        "val": DataLoader(Ratings("val"), 600),
        "epochs": 12,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12),
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, activation=None)


def make_fixed(seed=0):
    return make(seed, activation=nn.ReLU)
