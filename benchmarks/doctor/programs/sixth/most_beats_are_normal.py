"""Five heartbeats in six are normal, and the others resemble them: few of those are found.

Cross-entropy without weights is content with an accuracy of nine in ten.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://maniravi.com/projects/ecg-arrhythmia-mit/"
CAUSES = ("class_imbalance",)

NAMES = ["normal", "supraventricular", "ventricular", "fusion"]
SHARES = [0.85, 0.05, 0.06, 0.04]


def bump(t, center, width):
    return np.exp(-(((t - center) / width) ** 2))


def beats(count=4000):
    """Beats of 64 samples; a fusion beat is something between a normal and a ventricular."""
    rng = np.random.default_rng(21)
    labels = rng.choice(4, size=count, p=SHARES)
    t = np.linspace(0, 1, 64)[None]
    shift, height = 0.03 * rng.normal(size=(2, count, 1))
    early = np.where(labels == 1, 0.035, 0.0)[:, None] + 0.02 * rng.normal(size=(count, 1))
    normal = 0.22 * bump(t, 0.22 + early + shift, 0.05)
    normal = normal + (1 + 4 * height) * bump(t, 0.42 + shift, 0.035)
    wide = 1.1 * bump(t, 0.45 + shift, 0.1) - 0.4 * bump(t, 0.7 + shift, 0.08)
    part = np.select([labels == 2, labels == 3], [1.0, 0.55], 0.0)[:, None]
    part = np.clip(part + 0.14 * rng.normal(size=part.shape), 0, 1)
    signal = (1 - part) * normal + part * wide + 0.25 * bump(t, 0.72 + shift, 0.08)
    signal = signal + 0.06 * rng.normal(size=signal.shape)
    signal = (signal - signal.mean(1, keepdims=True)) / 0.3
    return torch.tensor(signal, dtype=torch.float32)[:, None], torch.tensor(labels)


class Beats(Dataset):
    def __init__(self, pair):
        self.signals, self.labels = pair

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.signals[i], self.labels[i]


class BeatNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 16, 7, stride=2, padding=3),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(16, 16, 5, padding=2),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.MaxPool1d(2),
        )
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(16 * 8, len(NAMES))

    def forward(self, x):
        return self.fc(self.drop(self.conv(x).flatten(1)))


def macro_recall(logits, labels):
    pred = logits.argmax(1)
    recalls = [
        (pred[labels == c] == c).float().mean().item()
        for c in range(len(NAMES))
        if (labels == c).any()
    ]
    return sum(recalls) / len(recalls)


def make(seed, weighted):
    torch.manual_seed(seed)
    train, val = data.split(*beats())
    counts = torch.bincount(train[1], minlength=len(NAMES))
    weight = len(train[1]) / (len(NAMES) * counts) if weighted else None
    model = BeatNet()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(weight=weight),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2),
        "train": DataLoader(Beats(train), batch_size=64, shuffle=True),
        "val": DataLoader(Beats(val), batch_size=1000),
        "epochs": 14,
        "metric": macro_recall,
    }


def make_faulty(seed=0):
    return make(seed, weighted=False)


def make_fixed(seed=0):
    return make(seed, weighted=True)
