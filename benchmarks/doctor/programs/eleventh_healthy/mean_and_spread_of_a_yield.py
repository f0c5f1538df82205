"""Two outputs, the mean and the logarithm of the variance, by a normal likelihood."""

import torch
from torch import nn

import data


class MeanVarianceNetwork(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, 64), nn.SiLU(), nn.Linear(64, 32), nn.SiLU()
        )
        self.mean = nn.Linear(32, 1)
        self.log_var = nn.Linear(32, 1)
        nn.init.zeros_(self.log_var.weight)

    def forward(self, x):
        h = self.body(x)
        return torch.cat([self.mean(h), self.log_var(h)], dim=1)


def gaussian_nll(output, y):
    mean, log_var = output[:, 0], output[:, 1].clamp(-6, 3)
    return 0.5 * (log_var + (y - mean) ** 2 / log_var.exp()).mean()


def r2_of_mean(output, y):
    return 1 - ((y - output[:, 0]) ** 2).mean().item() / y.var(unbiased=False).item()


def fields(count=1800):
    draws = torch.Generator().manual_seed(21)
    x = torch.randn(count, 5, generator=draws)
    mean = torch.sin(1.5 * x[:, 0]) + x[:, 1] * x[:, 2] / 2 + 0.5 * x[:, 3].abs()
    spread = 0.1 + 0.3 * torch.sigmoid(2 * x[:, 4])
    y = mean + spread * torch.randn(count, generator=draws)
    return data.split(x, y - y.mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = fields()
    model = MeanVarianceNetwork(5)
    return {
        "model": model,
        "loss_fn": gaussian_nll,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 35,
        "metric": r2_of_mean,
    }
