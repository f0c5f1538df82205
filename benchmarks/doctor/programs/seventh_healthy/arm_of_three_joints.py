"""Where the hand of an arm with three joints is: a network of tanh, Xavier weights, no ReLU."""

import torch
import torch.nn as nn

import data


def reach(n=2400):
    draws = torch.Generator().manual_seed(21)
    angles = (torch.rand(n, 3, generator=draws) - 0.5) * 3.6
    total = angles.cumsum(dim=1)
    lengths = torch.tensor([1.0, 0.8, 0.5])
    hand = torch.stack([(lengths * total.cos()).sum(1), (lengths * total.sin()).sum(1)], 1)
    hand = hand + 0.03 * torch.randn(n, 2, generator=draws)
    return data.split(angles / angles.std(), (hand - hand.mean(0)) / hand.std(0))


def tanh_layer(n_in, n_out):
    linear = nn.Linear(n_in, n_out)
    nn.init.xavier_normal_(linear.weight, gain=nn.init.calculate_gain("tanh"))
    nn.init.zeros_(linear.bias)
    return nn.Sequential(linear, nn.Tanh())


def make(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        tanh_layer(3, 48), tanh_layer(48, 48), tanh_layer(48, 48), nn.Linear(48, 2)
    )
    train, val = reach()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 25,
        "metric": "r2",
    }
