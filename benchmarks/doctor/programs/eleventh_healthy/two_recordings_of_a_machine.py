"""A siamese network hears two vibrations and tells whether one kind of machine made both."""

import math

import torch
from torch import nn
from torch.utils.data import TensorDataset


class Encoder(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv1d(1, 16, 9, stride=2), nn.BatchNorm1d(16), nn.ReLU(),
            nn.Conv1d(16, 24, 7, stride=2), nn.BatchNorm1d(24), nn.ReLU(),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(24, 12),
        )  # fmt: skip


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, left, right):
        left, right = self.encoder(left), self.encoder(right)
        return self.head((left - right).abs()).squeeze(-1)


class Pairs(TensorDataset):
    def __getitem__(self, index):
        left, right, same = super().__getitem__(index)
        return (left, right), same


def recordings(kinds, draws):
    """Vibrations of five kinds of machines, 96 samples long, in any phase and loudness."""
    t = torch.arange(96) * 2 * math.pi / 96
    low = torch.tensor([6.0, 6.0, 9.0, 9.0, 14.0])[kinds].view(-1, 1)
    high = torch.tensor([20.0, 30.0, 20.0, 30.0, 25.0])[kinds].view(-1, 1)
    phases = torch.rand(2, len(kinds), 1, generator=draws) * 2 * math.pi
    loud = 0.7 + 0.6 * torch.rand(len(kinds), 1, generator=draws)
    wave = (low * t + phases[0]).sin() + 0.7 * (high * t + phases[1]).sin()
    noise = torch.randn(len(kinds), 96, generator=draws)
    return (loud * wave + 0.3 * noise).unsqueeze(1)


def pairs(count, seed):
    draws = torch.Generator().manual_seed(seed)
    same = torch.arange(count) % 2
    left = torch.randint(5, (count,), generator=draws)
    other = (left + torch.randint(1, 5, (count,), generator=draws)) % 5
    right = torch.where(same == 1, left, other)
    return Pairs(recordings(left, draws), recordings(right, draws), same.float())


def make(seed=0):
    torch.manual_seed(seed)
    model = Siamese()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": pairs(2000, seed=1),
        "val": pairs(500, seed=2),
        "batch_size": 40,
        "epochs": 12,
        "metric": lambda out, same: float(((out > 0) == (same > 0.5)).float().mean()),
    }
