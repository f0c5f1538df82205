"""Sales from what is known by name: which shop, which weekday, and two numbers."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Sales(Dataset):
    def __init__(self, count, seed):
        g = torch.Generator().manual_seed(seed)
        self.shop = torch.randint(0, 12, (count,), generator=g)
        self.day = torch.randint(0, 7, (count,), generator=g)
        self.numbers = torch.randn(count, 2, generator=g)
        size = (torch.arange(12.0) * 1.7).sin()[self.shop]
        week = (torch.arange(7.0) * 2.1).cos()[self.day]
        self.sales = size * 2 + week + size * self.numbers[:, 0] + 0.5 * self.numbers[:, 1]
        self.sales += 0.4 * torch.randn(count, generator=g)

    def __len__(self):
        return len(self.sales)

    def __getitem__(self, i):
        row = {"shop": self.shop[i], "day": self.day[i], "numbers": self.numbers[i]}
        return row, self.sales[i]


class SalesModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.shop = nn.Embedding(12, 4)
        self.day = nn.Embedding(7, 3)
        self.mlp = nn.Sequential(nn.Linear(9, 32), nn.Mish(), nn.Linear(32, 1))

    def forward(self, shop, day, numbers):
        return self.mlp(torch.cat([self.shop(shop), self.day(day), numbers], -1)).squeeze(
            -1
        )


def make(seed=0):
    torch.manual_seed(seed)
    model = SalesModel()
    return {
        "model": model,
        "loss_fn": nn.L1Loss(),
        "optimizer": torch.optim.NAdam(model.parameters(), lr=0.01),
        "train": DataLoader(Sales(1000, 1), batch_size=25, shuffle=True),
        "val": DataLoader(Sales(300, 2), batch_size=100),
        "epochs": 15,
        "metric": "r2",
    }
