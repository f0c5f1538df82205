"""Four rhythms of a pulse, by convolutions over time with batch norm and global pooling."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Pulses(Dataset):
    def __init__(self, n, seed, length=120):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 4, n)
        self.signals = np.zeros((n, length), dtype=np.float32)
        t = np.arange(length)
        for i, label in enumerate(self.labels):
            period = {0: 24, 1: 14, 2: 24, 3: 24}[int(label)] * rng.uniform(0.9, 1.1)
            beat, at = 0, rng.uniform(0, period)
            while at < length:
                height = 0.4 if label == 3 and beat % 2 else 1.0
                self.signals[i] += height * np.exp(-0.5 * ((t - at) / 1.5) ** 2)
                at += period * (rng.uniform(0.5, 1.5) if label == 2 else 1)
                beat += 1
        self.signals += 0.1 * rng.normal(size=self.signals.shape)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.signals[i])[None], int(self.labels[i])


def conv_block(n_in, n_out, k):
    return nn.Sequential(
        nn.Conv1d(n_in, n_out, k, padding=k // 2, bias=False),
        nn.BatchNorm1d(n_out),
        nn.ReLU(),
    )


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        conv_block(1, 16, 9), nn.MaxPool1d(2),
        conv_block(16, 32, 9), nn.MaxPool1d(2),
        conv_block(32, 32, 9),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=3e-3),
        "train": DataLoader(Pulses(800, seed=1), batch_size=32, shuffle=True),
        "val": DataLoader(Pulses(300, seed=2), batch_size=100),
        "epochs": 10,
        "metric": "accuracy",
    }
