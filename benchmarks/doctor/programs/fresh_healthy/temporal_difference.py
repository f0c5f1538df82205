"""Values of a random walk from its steps; the goal comes from a copy that follows slowly."""

import copy

import torch
from torch import nn

import data

STATES = 9


class Values(nn.Module):
    def __init__(self):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(STATES, 16), nn.Tanh(), nn.Linear(16, 1))
        nn.init.zeros_(self.online[2].weight)
        self.target = copy.deepcopy(self.online).requires_grad_(False)

    def forward(self, x):
        return self.online(x[:, :STATES])


def steps(count=1600):
    """Where one was, where one went (nowhere at the ends), the reward; the true value."""
    g = torch.Generator().manual_seed(55)
    at = torch.randint(0, STATES, (count,), generator=g)
    to = at + torch.randint(0, 2, (count,), generator=g) * 2 - 1
    eye = torch.cat([torch.zeros(1, STATES), torch.eye(STATES), torch.zeros(1, STATES)])
    reward = (to == STATES).float()[:, None]
    value = (at + 1.0) / (STATES + 1)
    is_on = ((to >= 0) & (to < STATES)).float()[:, None]
    x = torch.cat([eye[at + 1], eye[to + 1], reward, is_on], dim=1)
    return data.split(x, value[:, None])


def step(model, optimizer, loss_fn, x, y):
    now, later = x[:, :STATES], x[:, STATES : 2 * STATES]
    reward, is_on = x[:, -2:-1], x[:, -1:]
    with torch.no_grad():
        goal = reward + is_on * model.target(later)
    loss = loss_fn(model(now), goal)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(
            model.target.parameters(), model.online.parameters(), strict=True
        ):
            slow.lerp_(fast, 0.05)
    return loss.item()


def make(seed=0):
    torch.manual_seed(seed)
    model = Values()
    train, val = steps()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.online.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 35,
        "metric": "r2",
        "step": step,
    }
