"""Wide and deep: crossed categories by heart, embeddings and numbers through an MLP."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

CITIES, APPS, HOURS = 30, 40, 24


class Impressions(Dataset):
    """Minutes (a logarithm of them) that somebody stays with an app that was recommended."""

    def __init__(self, count, seed):
        truth = np.random.default_rng(7)
        city_taste = truth.normal(size=(CITIES, 3))
        app_kind = truth.normal(size=(APPS, 3))
        app_hour = truth.uniform(0, 2 * np.pi, APPS)
        rng = np.random.default_rng(seed)
        city, app = rng.integers(0, CITIES, count), rng.integers(0, APPS, count)
        hour = rng.integers(0, HOURS, count)
        age = rng.normal(0, 1, count)
        minutes = 0.6 * (city_taste[city] * app_kind[app]).sum(1)
        minutes += 0.8 * np.cos(hour / HOURS * 2 * np.pi - app_hour[app])
        minutes += 0.5 * np.abs(age) * app_kind[app, 0] + rng.normal(0, 0.4, count)
        self.rows = torch.tensor(np.stack([city, app, hour], 1))
        self.age = torch.tensor(age).float()[:, None]
        self.minutes = torch.tensor(minutes).float()

    def __len__(self):
        return len(self.minutes)

    def __getitem__(self, i):
        return (self.rows[i], self.age[i]), self.minutes[i]


class WideDeep(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.wide = nn.Embedding(APPS + APPS * HOURS // 4, 1)
        self.tables = nn.ModuleList(nn.Embedding(n, dim) for n in (CITIES, APPS, HOURS))
        self.deep = nn.Sequential(
            nn.Linear(3 * dim + 4, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 1),
        )  # fmt: skip
        nn.init.zeros_(self.wide.weight)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.3)

    def forward(self, rows, age):
        _, app, hour = rows.unbind(1)
        crossed = APPS + app * (HOURS // 4) + hour // 4
        wide = self.wide(app) + self.wide(crossed)
        c, a, h = (table(rows[:, i]) for i, table in enumerate(self.tables))
        phase = hour[:, None] / HOURS * 2 * torch.pi
        match = (c * a).sum(1, keepdim=True)
        numbers = torch.cat([age, age.abs(), phase.sin(), match], 1)
        return (wide + self.deep(torch.cat([c, a, h, numbers], 1))).squeeze(1)


def make(seed=0):
    torch.manual_seed(seed)
    model = WideDeep()
    wide = list(model.wide.parameters())
    deep = [p for n, p in model.named_parameters() if not n.startswith("wide")]
    optimizer = torch.optim.AdamW(
        [{"params": wide, "lr": 1e-2}, {"params": deep, "lr": 4e-3}], weight_decay=1e-2
    )
    return {
        "model": model,
        "loss_fn": nn.HuberLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [8], gamma=0.2),
        "train": DataLoader(Impressions(8000, 1), batch_size=64, shuffle=True),
        "val": DataLoader(Impressions(1500, 2), batch_size=500),
        "epochs": 10,
        "metric": "r2",
    }
