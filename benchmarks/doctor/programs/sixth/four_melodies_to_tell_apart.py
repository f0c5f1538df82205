"""Sheets and recordings of melodies learn to find each other, in batches of four.

The other pairs of the batch are all a contrastive loss has to compare with: here, three.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/antoine77340/MIL-NCE_HowTo100M/issues/9"
CAUSES = ("batch_size",)

PITCHES, NOTES = 8, 6


class Melodies(Dataset):
    """A melody as ids of notes, and as a noisy spectrogram of four frames a note."""

    def __init__(self, count, seed):
        gen = torch.Generator().manual_seed(seed)
        self.sheets = torch.randint(PITCHES, (count, NOTES), generator=gen)
        played = F.one_hot(self.sheets, PITCHES).float()
        played = played + 0.5 * played.roll(3, dims=2)  # an overtone
        played = played.repeat_interleave(4, dim=1).transpose(1, 2)
        late = torch.randint(0, 4, (count,), generator=gen)
        played = torch.stack(
            [p.roll(s, dims=1) for p, s in zip(played, late.tolist(), strict=True)]
        )
        self.played = played + 0.5 * torch.randn(played.shape, generator=gen)

    def __len__(self):
        return len(self.sheets)

    def __getitem__(self, i):
        return (self.sheets[i], self.played[i]), i


class TwoTowers(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.notes = nn.Embedding(PITCHES, 16)
        self.sheet_tower = nn.Sequential(
            nn.Linear(16 * NOTES, 96), nn.ReLU(), nn.Linear(96, dim)
        )
        self.sound_tower = nn.Sequential(
            nn.Conv1d(PITCHES, 32, 5, padding=2),
            nn.ReLU(),
            nn.AvgPool1d(2),
            nn.Conv1d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 2 * NOTES, dim),
        )

    def forward(self, sheet, sound):
        a = F.normalize(self.sheet_tower(self.notes(sheet).flatten(1)), dim=1)
        b = F.normalize(self.sound_tower(sound), dim=1)
        return torch.stack([a, b], dim=1)


def info_nce(output, _, temperature=0.1):
    a, b = output.unbind(dim=1)
    similarity = a @ b.T / temperature
    own = torch.arange(len(similarity))
    return (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2


def found(output, _):
    """How often a sheet finds its own recording among all that are shown."""
    a, b = output.unbind(dim=1)
    similarity = a @ b.T
    return (similarity.argmax(1) == torch.arange(len(similarity))).float().mean().item()


def make(seed, batch_size):
    torch.manual_seed(seed)
    model = TwoTowers()
    train = DataLoader(Melodies(1000, 1), batch_size, shuffle=True, drop_last=True)
    return {
        "model": model,
        "loss_fn": info_nce,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": train,
        "val": DataLoader(Melodies(200, 2), batch_size=200),
        "epochs": 9,
        "metric": found,
    }


def make_faulty(seed=0):
    return make(seed, batch_size=4)


def make_fixed(seed=0):
    return make(seed, batch_size=25)
