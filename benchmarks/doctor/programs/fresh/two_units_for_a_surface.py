"""Two hidden units, by a rule of thumb for two inputs and one output: the fit stays poor."""

import torch
from torch import nn

SOURCE = "https://stats.stackexchange.com/questions/388975/number-of-hidden-units-function-approximation"
CAUSES = ("capacity",)


def surface(n, seed):
    g = torch.Generator().manual_seed(seed)
    xy = torch.rand(n, 2, generator=g) * 4 - 2
    x, y = xy[:, :1], xy[:, 1:]
    z = (2 * x).sin() * (2 * y).cos() + 0.2 * x
    return xy, z + 0.03 * torch.randn(n, 1, generator=g)


def network(inputs, hidden, outputs):
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(),
        nn.Linear(hidden, outputs),
    )  # fmt: skip


def make(seed, hidden):
    torch.manual_seed(seed)
    net = network(2, hidden, 1)
    return {
        "model": net,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=0.01),
        "train": surface(900, 1),
        "val": surface(300, 2),
        "batch_size": 30,
        "epochs": 40,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, hidden=2)


def make_fixed(seed=0):
    return make(seed, hidden=32)
