"""Columns from -100 to 100 into a layer of sigmoids, which stand at 0 or 1 almost always."""

import torch
from torch.nn import ELU, Linear, Module, MSELoss

import data

SOURCE = "https://stackoverflow.com/questions/52800582/why-do-i-fail-to-predict-y-x4-with-keras-y-x3-works"
CAUSES = ("input_scale", "saturation")


class Sequential(Module):
    """The layers of the question."""

    def __init__(self):
        super().__init__()
        self.dense1 = Linear(5, 50)
        self.dense2 = Linear(50, 50)
        self.dense3 = Linear(50, 1)
        self.elu = ELU()

    def forward(self, x):
        x = torch.sigmoid(self.dense1(x))
        x = self.elu(self.dense2(x))
        return self.dense3(x)


def samples(scale):
    draws = torch.Generator().manual_seed(4)
    x = torch.randint(-100, 101, (2000, 5), generator=draws).float()
    u = x / 100
    y = u[:, :1] ** 4 + u[:, 1:2] * u[:, 2:3] + u[:, 3:4] ** 2 - u[:, 4:5] / 2
    return data.split(x / scale, (y - y.mean()) / y.std())


def make(seed, scale):
    torch.manual_seed(seed)
    train, val = samples(scale)
    model = Sequential()
    return {
        "model": model,
        "loss_fn": MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.005),
        "train": train,
        "val": val,
        "batch_size": 20,
        "epochs": 40,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, scale=1)


def make_fixed(seed=0):
    return make(seed, scale=50)
