"""The distance of two embeddings is a root; two of the same image are at zero: NaN."""

import torch
from torch import nn

import data

SOURCE = "https://discuss.pytorch.org/t/function-mselossbackward-returned-nan-values-in-its-0th-output/94875"
CAUSES = ("numerics", "gradient_wiring")


class Siamese(nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
        self.eps = eps

    def forward(self, first, second):
        difference = self.embed(first) - self.embed(second)
        return torch.sqrt((difference**2).sum(1) + self.eps)


def contrastive_loss(distance, is_same):
    near = is_same * distance**2
    far = (1 - is_same) * torch.relu(2 - distance) ** 2
    return (near + far).mean()


def accuracy(distance, is_same):
    return float(((distance < 1) == (is_same > 0.5)).float().mean())


def pairs(x, y, count):
    """Half of the pairs are of one class, and some of them are twice the same image."""
    draws = torch.Generator().manual_seed(2)
    first = torch.randint(len(x), (count,), generator=draws)
    second = torch.randint(len(x), (count,), generator=draws)
    for k in range(0, count, 2):
        alike = torch.nonzero(y == y[first[k]]).flatten()
        second[k] = alike[k % len(alike)]
    second[::40] = first[::40]
    return (x[first], x[second]), (y[first] == y[second]).float()


def make(seed, eps):
    torch.manual_seed(seed)
    model = Siamese(eps)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": contrastive_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": pairs(*train, 2000),
        "val": pairs(*val, 500),
        "batch_size": 50,
        "epochs": 12,
        "metric": accuracy,
    }


def make_faulty(seed=0):
    return make(seed, eps=0.0)


def make_fixed(seed=0):
    return make(seed, eps=1e-6)
