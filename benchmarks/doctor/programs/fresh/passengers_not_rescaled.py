"""An LSTM reads and forecasts values in the tens of thousands, which nobody rescaled."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://github.com/keras-team/keras/issues/4563"
CAUSES = ("input_scale", "saturation", "lr_low")


def windows(length=18):
    """Return windows of counts with a season and a slow tide, and the counts that follow."""
    draws = torch.Generator().manual_seed(31)
    time = torch.arange(900).float()
    season = (2 * torch.pi * time / 12).sin() * (1 + 0.3 * (time / 37).cos())
    counts = 42_000 + 9_000 * season + 6_000 * (2 * torch.pi * time / 90).sin()
    counts = counts + 700 * torch.randn(900, generator=draws)
    pieces = counts.unfold(0, length + 1, 1)
    return pieces[:, :-1, None], pieces[:, -1]


class Forecast(nn.Module):
    def __init__(self, hidden_dim=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_dim, batch_first=True)
        self.linear = nn.Linear(hidden_dim, 1)

    def forward(self, series):
        lstm_out, _ = self.lstm(series)
        return self.linear(lstm_out[:, -1]).squeeze(-1)


def make(seed, is_rescaled):
    torch.manual_seed(seed)
    x, y = windows()
    if is_rescaled:
        low, high = x[:650].min(), x[:650].max()
        x, y = (x - low) / (high - low), (y - low) / (high - low)
    model = Forecast()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(TensorDataset(x[:650], y[:650]), 16, shuffle=True),
        "val": DataLoader(TensorDataset(x[670:], y[670:]), 64),
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, is_rescaled=False)


def make_fixed(seed=0):
    return make(seed, is_rescaled=True)
