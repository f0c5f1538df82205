"""The loss is taken after an argmax, and requires_grad is switched on to silence the error."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/LZGMatrix/BOP19_CDPN_2019ICCV/issues/4"
CAUSES = ("gradient_wiring",)


def loss_of_bins(output, target):
    """Compare the bin that is most likely with the one wanted, both from -1 to 1."""
    predicted = output.argmax(dim=1).float().requires_grad_()
    return nn.functional.l1_loss(2 * predicted / 9 - 1, 2 * target.float() / 9 - 1)


def make(seed, loss):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, loss_of_bins)


def make_fixed(seed=0):
    return make(seed, nn.functional.cross_entropy)
