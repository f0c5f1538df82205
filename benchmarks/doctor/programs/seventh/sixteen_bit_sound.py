"""Sound is read as 16-bit integers: samples of hundreds and thousands go into the network."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/JusperLee/Dual-Path-RNN-Pytorch/issues/16"
CAUSES = ("input_scale",)

INSTRUMENTS = ["flute", "clarinet", "strings", "bell"]
PARTIALS = {
    "flute": [1.0, 0.15, 0.05, 0.0, 0.0],
    "clarinet": [1.0, 0.05, 0.6, 0.05, 0.35],
    "strings": [1.0, 0.55, 0.4, 0.3, 0.2],
    "bell": [0.5, 0.1, 0.1, 0.7, 0.6],
}


def record(instrument, rng, length=256, rate=4000):
    """Returns a note as a wav file holds it, int16."""
    t = np.arange(length) / rate
    pitch = rng.uniform(110, 260)
    wave = sum(
        a * np.sin(2 * np.pi * (k + 1) * pitch * t + rng.uniform(0, 2 * np.pi))
        for k, a in enumerate(PARTIALS[instrument])
    )
    wave = wave * rng.uniform(0.5, 1.0) + 0.15 * rng.normal(size=length)
    return (wave / 3.5 * 32767).clip(-32768, 32767).astype(np.int16)


class Notes(Dataset):
    def __init__(self, n, seed, reader):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, len(INSTRUMENTS), n)
        self.files = [record(INSTRUMENTS[label], rng) for label in self.labels]
        self.reader = reader

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return torch.from_numpy(self.reader(self.files[i])), int(self.labels[i])


def read_as_scipy(file):
    return file.astype(np.float32)


def read_as_librosa(file):
    return file.astype(np.float32) / 2**13


class SoundNet(nn.Module):
    def __init__(self, n_classes=4):
        super().__init__()
        self.encoder = nn.Conv1d(1, 24, kernel_size=16, stride=4)
        self.separator = nn.Conv1d(24, 32, kernel_size=8, stride=2)
        self.rnn = nn.GRU(32, 32, batch_first=True)
        self.out = nn.Linear(32, n_classes)

    def forward(self, x):
        x = torch.relu(self.encoder(x.unsqueeze(1)))
        x = torch.relu(self.separator(x))
        states, _ = self.rnn(x.transpose(1, 2))
        return self.out(states.mean(dim=1))


def make(seed, reader):
    torch.manual_seed(seed)
    model = SoundNet()
    train = Notes(1000, 11, reader)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 14),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(Notes(300, 12, reader), batch_size=100),
        "epochs": 14,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, read_as_scipy)


def make_fixed(seed=0):
    return make(seed, read_as_librosa)
