"""A recommender: embeddings of listeners and songs, their product, biases, weight decay."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def plays(listeners=80, songs=60, per_listener=50, factors=3, seed=21):
    """How much a listener likes a song, from hidden tastes, with noise and without a scale."""
    g = torch.Generator().manual_seed(seed)
    taste = torch.randn(listeners, factors, generator=g)
    style = torch.randn(songs, factors, generator=g)
    like = taste @ style.T / factors**0.5
    like = like + 0.5 * torch.randn(songs, generator=g)
    like = like + 0.4 * torch.randn(listeners, 1, generator=g)
    like = like + 0.25 * torch.randn(like.shape, generator=g)
    heard = torch.rand(listeners, songs, generator=g).argsort(dim=1)[:, :per_listener]
    rows = [(u, s, like[u, s]) for u in range(listeners) for s in heard[u].tolist()]
    order = torch.randperm(len(rows), generator=g).tolist()
    return [rows[i] for i in order]


class Plays(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        listener, song, like = self.rows[i]
        return {"listener": listener, "song": song}, like


class MatrixFactorization(nn.Module):
    def __init__(self, listeners=80, songs=60, dim=4):
        super().__init__()
        self.listener, self.song = nn.Embedding(listeners, dim), nn.Embedding(songs, dim)
        self.listener_bias = nn.Embedding(listeners, 1)
        self.song_bias = nn.Embedding(songs, 1)
        self.mean = nn.Parameter(torch.zeros(()))
        for table in (self.listener, self.song):
            nn.init.normal_(table.weight, std=0.3)
        for table in (self.listener_bias, self.song_bias):
            nn.init.zeros_(table.weight)

    def forward(self, listener, song):
        product = (self.listener(listener) * self.song(song)).sum(dim=1)
        bias = self.listener_bias(listener) + self.song_bias(song)
        return product + bias.squeeze(1) + self.mean


def make(seed=0):
    torch.manual_seed(seed)
    rows = plays()
    model = MatrixFactorization()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.1)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "train": DataLoader(Plays(rows[:3400]), batch_size=64, shuffle=True),
        "val": DataLoader(Plays(rows[3400:]), batch_size=300),
        "epochs": 20,
        "metric": "r2",
    }
