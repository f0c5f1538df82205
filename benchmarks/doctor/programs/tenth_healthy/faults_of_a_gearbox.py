"""Any number of five faults at once from the spectrum of a vibration; rare ones weigh more."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SHARES = np.array([0.4, 0.3, 0.2, 0.15, 0.1])


def measure(n=4000):
    """48 bands of a spectrum for each gearbox; a fault adds a peak at the shaft's pace."""
    rng = np.random.default_rng(64)
    faults = rng.random((n, 5)) < SHARES
    bands = np.arange(48)[None]
    pace = rng.uniform(3.0, 4.5, (n, 1))
    spectrum = np.exp(-((bands - pace) ** 2))
    for fault, harmonic in enumerate([2.0, 3.5, 5.2, 7.1, 9.3]):
        strength = rng.uniform(0.6, 1.4, (n, 1)) * faults[:, [fault]]
        spectrum = spectrum + strength * np.exp(-((bands - harmonic * pace) ** 2) / 2)
    spectrum = spectrum + 0.15 * rng.normal(0, 1, spectrum.shape)
    return (
        torch.as_tensor(spectrum, dtype=torch.float32),
        torch.as_tensor(faults, dtype=torch.float32),
    )


class SpectrumNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(48)
        self.fc1 = nn.Linear(48, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 5)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        x = self.drop(F.gelu(self.fc1(self.norm(x))))
        return self.fc3(F.gelu(self.fc2(x)))


def macro_f1(logits, faults):
    guessed, faults = (logits > 0).float(), (faults > 0.5).float()
    hits = (guessed * faults).sum(0)
    return (2 * hits / (guessed.sum(0) + faults.sum(0)).clamp(min=1)).mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    x, y = measure()
    share = y[:3000].mean(0)
    model = SpectrumNet()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=((1 - share) / share).sqrt()),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4),
        "train": (x[:3000], y[:3000]),
        "val": (x[3000:], y[3000:]),
        "batch_size": 32,
        "epochs": 12,
        "metric": macro_f1,
    }
