"""The impedance of a circuit and its phase, which scikit-learn has as Friedman's problems."""

import numpy as np
import torch
from sklearn.datasets import make_friedman2, make_friedman3
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
        )

    def forward(self, x):
        return x + self.layers(x)


def make(seed=0):
    torch.manual_seed(seed)
    # The same seed gives the same resistances, frequencies, inductances and capacities.
    x, impedance = make_friedman2(1600, noise=20.0, random_state=8)
    _, phase = make_friedman3(1600, noise=0.02, random_state=8)
    y = np.stack([impedance, phase], axis=1)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
    x_scaler, y_scaler = StandardScaler().fit(x_train), StandardScaler().fit(y_train)

    def prepared(x, y):
        x, y = x_scaler.transform(x), y_scaler.transform(y)
        return TensorDataset(torch.tensor(x).float(), torch.tensor(y).float())

    model = nn.Sequential(
        nn.Linear(4, 64), nn.SiLU(), Residual(64), Residual(64), nn.Linear(64, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 25),
        "train": DataLoader(prepared(x_train, y_train), batch_size=40, shuffle=True),
        "val": DataLoader(prepared(x_test, y_test), batch_size=100),
        "epochs": 25,
        "metric": "r2",
    }
