"""L-BFGS, which compares the gradients of a step and the next, is given mini-batches."""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/5953"
CAUSES = ("optimizer", "lr_high", "batch_size")


def run_batch(model, optimizer, criterion, xb, yb):
    def closure():
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        return loss

    return optimizer.step(closure)


def make(seed, build):
    torch.manual_seed(seed)
    train, val = data.digits()
    net = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 12, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(12 * 16, 48), nn.Tanh(),
        nn.Linear(48, 10),
    )  # fmt: skip
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": build(net.parameters()),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=150),
        "epochs": 12,
        "metric": "accuracy",
        "step": run_batch,
    }


def make_faulty(seed=0):
    return make(seed, lambda params: optim.LBFGS(params))


def make_fixed(seed=0):
    return make(seed, lambda params: optim.Adam(params, lr=3e-3))
