"""Eight small networks in one tensor: each learns for itself, their mean is the answer."""

import torch
from torch import nn

import data


class Stacked(nn.Module):
    """A linear layer for each member of a committee."""

    def __init__(self, members, n_in, n_out):
        super().__init__()
        bound = (3 / n_in) ** 0.5
        self.weight = nn.Parameter(
            torch.empty(members, n_in, n_out).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.zeros(members, 1, n_out))

    def forward(self, x):
        return torch.baddbmm(self.bias, x, self.weight)


class Committee(nn.Module):
    def __init__(self, members=8, n_in=10, width=24):
        super().__init__()
        self.members = members
        self.l1 = Stacked(members, n_in, width)
        self.l2 = Stacked(members, width, width)
        self.l3 = Stacked(members, width, 1)

    def forward(self, x):
        x = x.expand(self.members, *x.shape)
        x = torch.tanh(self.l1(x))
        x = torch.tanh(self.l2(x))
        return self.l3(x).squeeze(2).T


def each_by_itself(votes, target):
    return (votes - target).square().mean()


def r2_of_the_mean(votes, target):
    residual = (votes.mean(1, keepdim=True) - target).square().sum()
    return float(1 - residual / (target - target.mean()).square().sum())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.friedman()
    model = Committee()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    return {
        "model": model,
        "loss_fn": each_by_itself,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 90),
        "train": train,
        "val": val,
        "batch_size": 60,
        "epochs": 90,
        "metric": r2_of_the_mean,
    }
