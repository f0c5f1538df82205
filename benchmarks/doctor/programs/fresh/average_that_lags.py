"""The moving average of the weights, which is what is evaluated, is still near the start.

A decay of 0.9999 needs tens of thousands of steps, and there are a few hundred.
"""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/konpatp/diffae/issues/16"
CAUSES = ("other", "train_eval_mode", "epochs_few")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.fc(states[:, -1])


class Averaged(nn.Module):
    """Trains one network and answers with the moving average of its weights."""

    def __init__(self, net, decay):
        super().__init__()
        self.net = net
        self.ema = copy.deepcopy(net).requires_grad_(False)
        self.decay = decay
        self.n_updates = 0

    @torch.no_grad()
    def update(self):
        self.n_updates += 1
        decay = self.decay(self.n_updates)
        for slow, fast in zip(self.ema.parameters(), self.net.parameters(), strict=True):
            slow.mul_(decay).add_(fast, alpha=1 - decay)

    def forward(self, x):
        return self.net(x) if self.training else self.ema(x)


def constant(n_updates):
    return 0.9999


def warming_up(n_updates):
    return min(0.9999, (1 + n_updates) / (10 + n_updates))


def train_step(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad(set_to_none=True)
    loss = loss_fn(model(x), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.net.parameters(), 1.0)
    optimizer.step()
    model.update()
    return loss.detach()


def make(seed, decay):
    torch.manual_seed(seed)
    train, val = data.waves()
    model = Averaged(Net(), decay)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.AdamW(model.net.parameters(), lr=5e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=25, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=125),
        "epochs": 15,
        "metric": "r2",
        "step": train_step,
    }


def make_faulty(seed=0):
    return make(seed, constant)


def make_fixed(seed=0):
    return make(seed, warming_up)
