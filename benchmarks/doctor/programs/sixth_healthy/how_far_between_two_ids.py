"""Places have numbers only; from distances of some pairs, an embedding learns the map."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Trips(Dataset):
    def __init__(self, trips, km):
        self.trips, self.km = trips, km

    def __len__(self):
        return len(self.km)

    def __getitem__(self, i):
        return {"start": self.trips[i, 0], "goal": self.trips[i, 1]}, self.km[i]


def surveyed(places=80, seed=12):
    """Three quarters of all pairs to learn from, and the others, never seen, to check."""
    rng = torch.Generator().manual_seed(seed)
    where = torch.rand(places, 2, generator=rng)
    pairs = torch.combinations(torch.arange(places))
    pairs = pairs[torch.randperm(len(pairs), generator=rng)]
    km = (where[pairs[:, 0]] - where[pairs[:, 1]]).norm(dim=1)
    km = (km - km.mean()) / km.std() + 0.05 * torch.randn(len(km), generator=rng)
    cut = len(pairs) * 3 // 4
    return Trips(pairs[:cut], km[:cut]), Trips(pairs[cut:], km[cut:])


class Atlas(nn.Module):
    def __init__(self, places=80, dim=3):
        super().__init__()
        self.place = nn.Embedding(places, dim)
        nn.init.normal_(self.place.weight, std=0.5)
        self.mean = nn.Parameter(torch.zeros(()))

    def forward(self, start, goal):
        gap = self.place(start) - self.place(goal)
        return (gap.square().sum(1) + 1e-6).sqrt() + self.mean


def make(seed=0):
    torch.manual_seed(seed)
    train, val = surveyed()
    model = Atlas()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(val, batch_size=200),
        "epochs": 20,
        "metric": "r2",
    }
