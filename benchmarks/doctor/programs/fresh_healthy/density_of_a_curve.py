"""A mixture of normals for each input; likelihoods above one make the loss negative."""

import torch
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

import data


class MixtureDensity(nn.Module):
    def __init__(self, parts=4):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh())
        self.params = nn.Linear(40, 3 * parts)

    def forward(self, x):
        return torch.stack(self.params(self.body(x)).chunk(3, dim=1), dim=1)


def log_likelihood(out, y):
    weight, mean, log_std = out.unbind(1)
    normal = Normal(mean, log_std.clamp(-6, 3).exp())
    return MixtureSameFamily(Categorical(logits=weight), normal).log_prob(y[:, 0])


def curve(count=1000):
    g = torch.Generator().manual_seed(51)
    x = torch.rand(count, 1, generator=g) * 4 - 2
    sign = torch.randint(0, 2, (count, 1), generator=g) * 2 - 1
    y = sign * (0.3 + 0.2 * (2 * x).sin()) + 0.03 * torch.randn(count, 1, generator=g)
    return data.split(x, y)


def make(seed=0):
    torch.manual_seed(seed)
    model = MixtureDensity()
    train, val = curve()
    return {
        "model": model,
        "loss_fn": lambda out, y: -log_likelihood(out, y).mean(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": train,
        "val": val,
        "batch_size": 50,
        "epochs": 30,
        "metric": lambda out, y: float(log_likelihood(out, y).mean()),
    }
