"""A series with a trend and seasons, scaled to 0..1, in windows for an LSTM."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def series(months=480):
    draws = torch.Generator().manual_seed(12)
    t = torch.arange(months).float()
    trend = 100 + 0.9 * t
    season = (
        1 + 0.25 * torch.sin(2 * torch.pi * t / 12) + 0.1 * torch.cos(4 * torch.pi * t / 12)
    )
    return trend * season + 4 * torch.randn(months, generator=draws)


def create_dataset(values, lookback):
    x = values.unfold(0, lookback, 1)[:-1]
    return x.unsqueeze(-1), values[lookback:].unsqueeze(-1)


class AirModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=32, num_layers=1, batch_first=True)
        self.linear = nn.Linear(32, 1)

    def forward(self, x):
        x, _ = self.lstm(x)
        return self.linear(x[:, -1, :])


def make(seed=0):
    torch.manual_seed(seed)
    values = series()
    values = (values - values[:380].min()) / (values[:380].max() - values[:380].min())
    train = create_dataset(values[:380], 12)
    test = create_dataset(values[368:], 12)
    model = AirModel()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(TensorDataset(*train), shuffle=True, batch_size=8),
        "val": DataLoader(TensorDataset(*test), batch_size=100),
        "epochs": 20,
        "metric": "r2",
    }
