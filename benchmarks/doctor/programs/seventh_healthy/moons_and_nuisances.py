"""A table of two interlocked groups and columns that say nothing, by an MLP with batch norm."""

import sklearn.datasets
import sklearn.utils
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch.utils.data import DataLoader, TensorDataset


def load_table(n=1600):
    """Two measured columns of moons, three of noise, and a city that moves the label."""
    x, y = sklearn.datasets.make_moons(n, noise=0.15, random_state=3)
    noise, _ = sklearn.datasets.make_blobs(n, n_features=3, centers=1, random_state=4)
    city = sklearn.utils.check_random_state(5).randint(0, 4, size=n)
    y = (y + (city == 2)) % 2
    x[:, 0] = 40 + 12 * x[:, 0]
    x[:, 1] = 1800 * (2 + x[:, 1])
    return x, noise, city.reshape(-1, 1), y


class TabularMLP(nn.Module):
    def __init__(self, n_features, hidden_dims=(64, 32), p=0.1):
        super().__init__()
        layers = []
        for n in hidden_dims:
            layers.append(nn.Linear(n_features, n))
            layers.append(nn.BatchNorm1d(n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(p))
            n_features = n
        self.body = nn.Sequential(*layers)
        self.output = nn.Linear(n_features, 1)

    def forward(self, x):
        return self.output(self.body(x)).squeeze(1)


def accuracy(logits, y):
    return ((logits > 0) == (y > 0.5)).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    x, noise, city, y = load_table()
    rows, val_rows = train_test_split(range(len(y)), stratify=y, random_state=0)

    numbers = torch.tensor(x).float().numpy()
    scaler = StandardScaler().fit(numbers[rows])
    noise_scaler = StandardScaler().fit(noise[rows])
    encoder = OneHotEncoder(sparse_output=False).fit(city[rows])

    def dataset(rows):
        columns = [
            scaler.transform(numbers[rows]),
            noise_scaler.transform(noise[rows]),
            encoder.transform(city[rows]),
        ]
        columns = torch.cat([torch.tensor(c).float() for c in columns], dim=1)
        return TensorDataset(columns, torch.tensor(y[rows]).float())

    model = TabularMLP(9)
    train = DataLoader(dataset(rows), batch_size=64, shuffle=True, drop_last=True)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-5),
        "train": train,
        "val": DataLoader(dataset(val_rows), batch_size=128),
        "epochs": 20,
        "metric": accuracy,
    }
