"""No call of zero_grad: the loss falls at first and then rises."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/IBM/aihwkit/issues/446"
CAUSES = ("zero_grad_missing",)


def make(seed, zero):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
    train, val = data.friedman()

    def step(model, opt, loss_fn, x, y):
        pred = model(x)
        loss = loss_fn(pred, y)
        loss.backward()
        opt.step()
        if zero:
            opt.zero_grad()
        return loss.item()

    return {
        "model": model,
        "loss_fn": nn.functional.mse_loss,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "train": train,
        "val": val,
        "batch_size": 20,
        "epochs": 15,
        "metric": "r2",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, zero=False)


def make_fixed(seed=0):
    return make(seed, zero=True)
