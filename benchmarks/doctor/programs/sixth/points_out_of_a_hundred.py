"""Points from 0 to 100 are wanted, and the last unit is a sigmoid: it always says 1."""

import numpy as np
import torch
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

SOURCE = "http://stackoverflow.com/questions/14982358/backpropagation-algorithm-matlab-output-values-are-saturating-to-1/14982792"
CAUSES = ("output_activation",)


class Percent(nn.Module):
    def forward(self, x):
        return 100 * torch.sigmoid(x)


ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "percent": Percent}


def dense(n_in, units, activation):
    layer = nn.Linear(n_in, units)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return nn.Sequential(layer, ACTIVATIONS[activation]())


def load_points():
    x, y = make_friedman1(1600, noise=0.6, random_state=4)
    points = np.clip(100 * y / 30, 0, 100)
    x_train, x_test, y_train, y_test = train_test_split(
        x, points, test_size=0.25, random_state=4
    )
    scaler = StandardScaler().fit(x_train)
    return [
        (torch.Tensor(scaler.transform(x)), torch.Tensor(y).reshape(-1, 1))
        for x, y in [(x_train, y_train), (x_test, y_test)]
    ]


def build(seed, output):
    torch.manual_seed(seed)
    train, test = load_points()
    model = nn.Sequential(
        dense(10, 48, "relu"), dense(48, 24, "relu"), dense(24, 1, output)
    )
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": train,
        "val": test,
        "batch_size": 32,
        "epochs": 40,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return build(seed, output="sigmoid")


def make_fixed(seed=0):
    return build(seed, output="percent")
