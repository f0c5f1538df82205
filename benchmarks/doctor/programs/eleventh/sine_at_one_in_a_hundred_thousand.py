"""A network is to follow a sine; for fear of overshooting, Adam goes at 1e-5.

After a hundred and fifty epochs it has drawn little more than a straight line.
"""

import torch

import data

SOURCE = "https://github.com/lucasjinreal/keras_frcnn/issues/76"
CAUSES = ("lr_low", "epochs_few")


def make(seed, lr):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.sine_curve()
    H = 64  # noqa: N806
    model = torch.nn.Sequential(
        torch.nn.Linear(1, H),
        torch.nn.Tanh(),
        torch.nn.Linear(H, H),
        torch.nn.Tanh(),
        torch.nn.Linear(H, 1),
    )
    return {
        "model": model,
        "loss_fn": torch.nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=lr),
        "train": (x, y),
        "val": (x_val, y_val),
        "batch_size": 32,
        "epochs": 150,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, lr=1e-5)


def make_fixed(seed=0):
    return make(seed, lr=5e-3)
