"""In the file good credit is 1 and bad credit is 2, and so it goes into the binary loss."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/pytorch/pytorch/issues/15262"
CAUSES = ("label_encoding",)


def read_credits(n=3200):
    """Rows as in the file: months, amount, age, rate, purpose (0-4), savings, class 1 or 2."""
    rng = np.random.default_rng(1994)
    months, amount = rng.integers(4, 61, n), rng.lognormal(7.8, 0.7, n)
    age, rate = rng.integers(19, 75, n), rng.integers(1, 5, n)
    purpose, savings = rng.integers(0, 5, n), rng.integers(0, 5, n)
    burden = amount / months / 150 * (0.5 + 0.25 * rate)
    risk = 1.5 * (np.log(burden) - 0.2) * np.array([1, -0.6, 1.2, 0.2, 1])[purpose]
    risk = risk - 1.0 * (savings - 2) - 0.08 * np.abs(age - 45) + 0.9
    bad = 2.0 * risk + rng.logistic(0, 0.8, n) > 0
    return np.column_stack([months, np.log(amount), age, rate, purpose, savings, 1 + bad])


class CreditDataset(Dataset):
    def __init__(self, rows, mean, std, first_class):
        numeric = (rows[:, [0, 1, 2, 3, 5]] - mean) / std
        purpose = np.eye(5)[rows[:, 4].astype(int)]
        self.features = np.hstack([numeric, purpose]).astype("float32")
        self.labels = (rows[:, -1] - first_class).astype("float32")

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.features[index], self.labels[index]


class CreditNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_1 = nn.Linear(10, 64)
        self.layer_2 = nn.Linear(64, 32)
        self.layer_out = nn.Linear(32, 1)
        self.relu = nn.ReLU()

    def forward(self, inputs):
        x = self.relu(self.layer_1(inputs))
        x = self.relu(self.layer_2(x))
        return self.layer_out(x).squeeze(-1)


def make(seed, first_class):
    torch.manual_seed(seed)
    rows = read_credits()
    numeric = rows[:2400, [0, 1, 2, 3, 5]]
    mean, std = numeric.mean(0), numeric.std(0)
    train = CreditDataset(rows[:2400], mean, std, first_class)
    test = CreditDataset(rows[2400:], mean, std, first_class)
    model = CreditNet()
    highest = 2 - first_class

    def accuracy(logits, labels):
        return ((logits > 0) == (labels == highest)).float().mean().item()

    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(test, batch_size=800),
        "epochs": 15,
        "metric": accuracy,
    }


def make_faulty(seed=0):
    return make(seed, first_class=0)


def make_fixed(seed=0):
    return make(seed, first_class=1)
