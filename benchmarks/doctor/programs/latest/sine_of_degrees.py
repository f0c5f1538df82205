"""A network is to learn a sine of angles in degrees, as they are: from 0 to 720."""

import numpy as np
import torch
import torch.nn as nn

import data

SOURCE = "https://stackoverflow.com/questions/46995209/neural-network-toy-model-to-fit-sine-function-fails-whats-wrong"
CAUSES = ("input_scale", "saturation")


def sine(n=1000):
    rng = np.random.RandomState(3)
    angle = rng.uniform(0, 720, size=(n, 1))
    height = np.sin(np.deg2rad(angle)) + rng.normal(0, 0.05, size=(n, 1))
    return torch.Tensor(angle), torch.Tensor(height)


def make(seed, normalize):
    torch.manual_seed(seed)
    x, y = sine()
    if normalize:
        x = (x - x.mean()) / x.std()
    train, val = data.split(x, y)

    n_hidden = 40
    model = nn.Sequential(
        nn.Linear(1, n_hidden),
        nn.Tanh(),
        nn.Linear(n_hidden, n_hidden),
        nn.Tanh(),
        nn.Linear(n_hidden, 1),
    )
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2),
        "train": train,
        "val": val,
        "batch_size": 50,
        "epochs": 50,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, normalize=False)


def make_fixed(seed=0):
    return make(seed, normalize=True)
