"""Lorenz's convection, of which one number is seen, with noise; an LSTM forecasts it."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def convection(runs, steps, seed, dt=0.02, every=2):
    """The first coordinate of the Lorenz system, from many starts on its attractor."""
    state = np.random.default_rng(seed).normal(0, 8, (runs, 3))
    state[:, 2] += 25

    def slope(s):
        x, y, z = s.T
        return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], axis=1)

    seen = []
    for i in range(200 + steps * every):
        k1 = slope(state)
        k2 = slope(state + dt / 2 * k1)
        k3 = slope(state + dt / 2 * k2)
        k4 = slope(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if i >= 200 and i % every == 0:
            seen.append(state[:, 0])
    return torch.tensor(np.stack(seen, axis=1) / 8).float()


class Windows(Dataset):
    def __init__(self, runs, seed, past=30, ahead=(4, 8, 12)):
        series = convection(runs, past + max(ahead), seed)
        noise = torch.randn(series.shape, generator=torch.Generator().manual_seed(seed))
        self.past = (series + 0.02 * noise)[:, :past, None]
        self.coming = series[:, [past - 1 + a for a in ahead]]

    def __len__(self):
        return len(self.past)

    def __getitem__(self, i):
        return self.past[i], self.coming[i]


class Forecaster(nn.Module):
    def __init__(self, hidden=40, horizons=3):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, hidden), nn.Tanh())
        self.out = nn.Linear(hidden, horizons)
        nn.init.orthogonal_(self.lstm.weight_hh_l0)
        with torch.no_grad():
            self.lstm.bias_ih_l0[hidden : 2 * hidden] = 1.0

    def forward(self, past):
        states, _ = self.lstm(past)
        return self.out(self.head(states[:, -1]))


def training_step(model, optimizer, criterion, past, coming):
    optimizer.zero_grad()
    loss = criterion(model(past), coming)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


def make(seed=0):
    torch.manual_seed(seed)
    model = Forecaster()
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
    epochs = 20
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": DataLoader(Windows(2000, seed=1), batch_size=40, shuffle=True),
        "val": DataLoader(Windows(500, seed=2), batch_size=100),
        "epochs": epochs,
        "metric": "r2",
        "step": training_step,
    }
