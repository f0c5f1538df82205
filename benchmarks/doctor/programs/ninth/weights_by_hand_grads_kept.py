"""Weights are updated by hand without w.grad.zero_(): each step takes all gradients so far.

Eight gas sensors that saturate, and three concentrations that they are to tell.
"""

import numpy as np
import torch

import data

SOURCE = "https://github.com/greebear/pytorch-learning/issues/1"
CAUSES = ("zero_grad_missing",)


def sensors(n=1600, seed=21):
    rng = np.random.default_rng(seed)
    gases = rng.uniform(0, 1, size=(n, 3))
    affinity = 30 * rng.uniform(0, 1, size=(3, 8)) ** 3
    signal = gases @ affinity
    signal = signal / (1 + signal) + 0.5 * (gases**2) @ rng.uniform(0, 1, size=(3, 8))
    signal += rng.normal(0, 0.005, size=signal.shape)
    signal = (signal - signal.mean(0)) / signal.std(0)
    gases = (gases - 0.5) / 0.29
    return torch.tensor(signal).float(), torch.tensor(gases).float()


class TwoLayerNet(torch.nn.Module):
    def __init__(self, d_in, h, d_out):
        super().__init__()
        self.w1 = torch.nn.Parameter(torch.randn(d_in, h) / d_in**0.5)
        self.b1 = torch.nn.Parameter(torch.zeros(h))
        self.w2 = torch.nn.Parameter(torch.randn(h, d_out) / h**0.5)
        self.b2 = torch.nn.Parameter(torch.zeros(d_out))

    def forward(self, x):
        return torch.tanh(x @ self.w1 + self.b1) @ self.w2 + self.b2


def make(seed, zero):
    torch.manual_seed(seed)
    train, val = data.split(*sensors())
    model = TwoLayerNet(8, 32, 3)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05
    )  # its step is written out below

    def step(model, optimizer, loss_fn, x, y):
        y_pred = model(x)
        loss = loss_fn(y_pred, y)
        loss.backward()
        learning_rate = optimizer.param_groups[0]["lr"]
        with torch.no_grad():
            for w in (model.w1, model.b1, model.w2, model.b2):
                w -= learning_rate * w.grad
                if zero:
                    w.grad.zero_()
        return loss.item()

    return {
        "model": model,
        "loss_fn": lambda y_pred, y: (y_pred - y).pow(2).mean(),
        "optimizer": optimizer,
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 60,
        "metric": "r2",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, zero=False)


def make_fixed(seed=0):
    return make(seed, zero=True)
