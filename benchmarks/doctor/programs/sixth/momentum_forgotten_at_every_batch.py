"""The method that trains on a batch makes an optimizer of its own: momentum begins anew.

A buffer that is a single gradient each time is no momentum, and steps are a tenth as long.
"""

import torch
from torch import nn

import data

SOURCE = "https://github.com/ooples/AiDotNet/pull/222"
CAUSES = ("optimizer", "lr_low")


class GraphNeuralNetwork(nn.Module):
    """Pixels of a digit are nodes; each of them hears of the four next to it."""

    def __init__(self, hidden=16, side=8):
        super().__init__()
        r, c = torch.arange(side**2) // side, torch.arange(side**2) % side
        steps = (r[:, None] - r).abs() + (c[:, None] - c).abs()
        adjacency = (steps <= 1).float()
        self.register_buffer("adjacency", adjacency / adjacency.sum(1, keepdim=True))
        self.register_buffer("place", torch.stack([r, c], 1) / (side - 1) * 2 - 1)
        self.lift = nn.Linear(3, hidden)
        self.convs = nn.ModuleList([nn.Linear(2 * hidden, hidden) for _ in range(2)])
        self.readout = nn.Linear(side**2 * hidden, 10)

    def forward(self, pixels):
        place = self.place.expand(len(pixels), -1, -1)
        h = torch.relu(self.lift(torch.cat([pixels[..., None], place], dim=2)))
        for conv in self.convs:
            h = torch.relu(conv(torch.cat([h, self.adjacency @ h], dim=2))) + h
        return self.readout(h.flatten(1))

    def train_on_batch(self, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        loss = loss_fn(self(x), y)
        loss.backward()
        optimizer.step()
        return loss


def step_with_new_optimizer(model, optimizer, loss_fn, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)
    return model.train_on_batch(optimizer, loss_fn, x, y)


def step_with_the_same_optimizer(model, optimizer, loss_fn, x, y):
    return model.train_on_batch(optimizer, loss_fn, x, y)


def make(seed, step):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = GraphNeuralNetwork()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, step_with_new_optimizer)


def make_fixed(seed=0):
    return make(seed, step_with_the_same_optimizer)
