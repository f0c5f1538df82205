"""Patients whose platelets are counted in hundred thousands and whose creatinine is near one.

The columns go into the network as they stand in the table.
"""

import numpy as np
import torch
import torch.nn as nn

SOURCE = (
    "https://newbe.dev/"
    "pytorch-binary-classification-same-network-structure-simpler-data-but-worse-performance"
)
CAUSES = ("input_scale",)


def patients(n=1600):
    rng = np.random.default_rng(77)
    age = rng.normal(61, 12, n)
    creatinine = rng.lognormal(0.2, 0.45, n)
    ejection = rng.normal(38, 11, n)
    platelets = rng.normal(263_000, 90_000, n)
    sodium = rng.normal(136.6, 4.4, n)
    enzyme = rng.lognormal(5.7, 1.0, n)
    z = lambda v: (v - v.mean()) / v.std()  # noqa: E731
    risk = 1.6 * z(np.log(creatinine)) * np.sign(z(age)) - 1.2 * z(ejection)
    risk = risk + 1.4 * np.abs(z(platelets)) + 0.7 * z(sodium) * z(ejection) - 1.0
    died = risk + rng.logistic(0, 0.35, n) > 0
    columns = [age, creatinine, ejection, platelets, sodium, enzyme]
    return np.stack(columns, 1).astype("float32"), died.astype("float32")


class Net(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.fc1 = nn.Linear(n_features, 48)
        self.fc2 = nn.Linear(48, 24)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return torch.sigmoid(self.out(x)).squeeze(1)


def make(seed, is_scaled):
    torch.manual_seed(seed)
    x, y = map(torch.from_numpy, patients())
    x_train, x_test = x[:1200], x[1200:]
    if is_scaled:
        mean, std = x_train.mean(0), x_train.std(0)
        x_train, x_test = (x_train - mean) / std, (x_test - mean) / std
    net = Net(x.shape[1])
    return {
        "model": net,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": (x_train, y[:1200]),
        "val": (x_test, y[1200:]),
        "batch_size": 32,
        "epochs": 25,
        "metric": lambda p, t: ((p > 0.5) == (t > 0.5)).float().mean().item(),
    }


def make_faulty(seed=0):
    return make(seed, is_scaled=False)


def make_fixed(seed=0):
    return make(seed, is_scaled=True)
