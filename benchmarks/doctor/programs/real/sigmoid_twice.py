"""A sigmoid in the model in front of BCEWithLogitsLoss: the loss does not converge."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/yudi-mars/daisyRec/pull/15"
CAUSES = ("loss_mismatch", "output_activation")


class Ranker(nn.Module):
    """Did the digits of two images differ? A dot product of their embeddings says."""

    def __init__(self, sigmoid):
        super().__init__()
        self.left = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
        self.right = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
        self.bias = nn.Parameter(torch.zeros(1))
        self.sigmoid = sigmoid

    def forward(self, user, item):
        score = (self.left(user) * self.right(item)).sum(-1) + self.bias
        return score.sigmoid() if self.sigmoid else score


def pairs(x, y, count):
    draws = torch.Generator().manual_seed(1)
    i = torch.randint(len(x), (count,), generator=draws)
    j = torch.randint(len(x), (count,), generator=draws)
    same = torch.rand(count, generator=draws) < 0.2
    for k in torch.nonzero(same).flatten().tolist():
        j[k] = torch.nonzero(y == y[i[k]]).flatten()[k % 20]
    return (x[i], x[j]), (y[i] == y[j]).float()


def make(seed, sigmoid):
    torch.manual_seed(seed)
    model = Ranker(sigmoid)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": pairs(*train, 2000),
        "val": pairs(*val, 500),
        "batch_size": 64,
        "epochs": 20,
        "metric": lambda out, y: float(
            ((out > (0.5 if sigmoid else 0)) == (y > 0.5)).float().mean()
        ),
    }


def make_faulty(seed=0):
    return make(seed, sigmoid=True)


def make_fixed(seed=0):
    return make(seed, sigmoid=False)
