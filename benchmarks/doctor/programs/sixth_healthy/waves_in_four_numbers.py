"""An autoencoder of waves: twenty-four values, of which a bottleneck keeps four numbers."""

import torch
from torch import nn

import data


class WaveAutoencoder(nn.Module):
    def __init__(self, length=24, code=4, width=96):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(),
            nn.Linear(length, width), nn.ELU(),
            nn.Linear(width, width), nn.ELU(),
            nn.Linear(width, code),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(code, width), nn.ELU(),
            nn.Linear(width, width), nn.ELU(),
            nn.Linear(width, length), nn.Unflatten(1, (length, 1)),
        )  # fmt: skip

    def forward(self, x):
        return self.decoder(self.encoder(x))


def make(seed=0):
    torch.manual_seed(seed)
    (x, _), (val_x, _) = data.waves(2400)
    model = WaveAutoencoder()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3),
        "train": (x, x),
        "val": (val_x, val_x),
        "batch_size": 32,
        "epochs": 20,
        "metric": "r2",
    }
