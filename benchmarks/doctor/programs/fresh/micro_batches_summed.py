"""Gradients of sixteen micro-batches are summed, not averaged: steps are far too long."""

import itertools

import torch
from torch import nn

import data

SOURCE = "https://github.com/openai/guided-diffusion/issues/111"
CAUSES = ("lr_high", "exploding_gradient", "loss_mismatch")


class WaveNet(nn.Module):
    def __init__(self, channels=16):
        super().__init__()
        self.inp = nn.Conv1d(1, channels, 3, padding=1)
        self.mid = nn.Conv1d(channels, channels, 3, padding=2, dilation=2)
        self.end = nn.Conv1d(channels, channels, 3, padding=4, dilation=4)
        self.out = nn.Linear(channels * 24, 1)

    def forward(self, x):
        x = torch.relu(self.inp(x.transpose(1, 2)))
        x = x + torch.relu(self.mid(x))
        x = x + torch.relu(self.end(x))
        return self.out(x.flatten(1))


def make(seed, divisor, n_micro=16):
    torch.manual_seed(seed)
    model = WaveNet()
    train, val = data.waves()
    counter = itertools.count(1)

    def step(model, opt, loss_fn, x, y):
        loss = loss_fn(model(x), y)
        (loss / divisor).backward()
        if next(counter) % n_micro == 0:
            opt.step()
            opt.zero_grad()
        return loss

    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9),
        "train": train,
        "val": val,
        "batch_size": 4,
        "epochs": 15,
        "metric": "r2",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, divisor=1)


def make_fixed(seed=0):
    return make(seed, divisor=16)
