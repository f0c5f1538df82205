"""Which of six notes sound in a piece of a wave, any number at a time: a sigmoid for each.

Phases and loudness are random, so that no single sample says anything of a note.
"""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Chords(Dataset):
    def __init__(self, count, seed, length=160, notes=6):
        gen = torch.Generator().manual_seed(seed)
        self.notes = (torch.rand(count, notes, generator=gen) < 0.4).float()
        pitch = 0.05 * 2 ** (torch.arange(notes) / 3)  # cycles for a sample
        phase = 2 * math.pi * torch.rand(count, notes, 1, generator=gen)
        loud = 0.6 + 0.8 * torch.rand(count, notes, 1, generator=gen)
        angle = 2 * math.pi * pitch[:, None] * torch.arange(length) + phase
        self.waves = (self.notes[:, :, None] * loud * angle.sin()).sum(1, keepdim=True)
        self.waves += 1.2 * torch.randn(self.waves.shape, generator=gen)

    def __len__(self):
        return len(self.notes)

    def __getitem__(self, i):
        return self.waves[i], self.notes[i]


class Ear(nn.Module):
    """Filters that are learned, how strongly each of them sounds, and a small MLP."""

    def __init__(self, filters=48, notes=6):
        super().__init__()
        self.filters = nn.Conv1d(1, filters, 32, stride=4)
        self.norm = nn.BatchNorm1d(filters)
        self.head = nn.Sequential(nn.Linear(filters, 64), nn.ReLU(), nn.Linear(64, notes))

    def forward(self, wave):
        strength = self.filters(wave).square().mean(dim=2)
        return self.head(self.norm((strength + 1e-4).log()))


def f1(logits, target):
    pred = (logits > 0).float()
    hits = (pred * target).sum()
    return float(2 * hits / (pred.sum() + target.sum()).clamp(min=1))


def make(seed=0):
    torch.manual_seed(seed)
    model, epochs = Ear(), 12
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "train": DataLoader(Chords(2400, 1), batch_size=48, shuffle=True),
        "val": DataLoader(Chords(600, 2), batch_size=200),
        "epochs": epochs,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "metric": f1,
    }
