"""A loss of one's own takes the log of one minus a probability that is one: NaN."""

import torch
from torch import nn
from torch.nn import functional as F

import data

SOURCE = "https://github.com/NVIDIA/apex/issues/358"
CAUSES = ("numerics", "loss_mismatch")


def own_loss(output, label, eps=0.0):
    p = torch.softmax(output, dim=1)
    target = F.one_hot(label, output.shape[1]).float()
    yes = target * torch.log(p + eps)
    no = (1 - target) * torch.log(1 - p + eps)
    return -(yes + no).sum(dim=1).mean()


def stable_loss(output, label):
    return own_loss(output, label, eps=1e-6)


def make(seed, loss):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    (x, y), (val_x, val_y) = data.digits()
    return {
        "model": model,
        "loss_fn": loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": ((x - 0.3) * 5, y),
        "val": ((val_x - 0.3) * 5, val_y),
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, own_loss)


def make_fixed(seed=0):
    return make(seed, stable_loss)
