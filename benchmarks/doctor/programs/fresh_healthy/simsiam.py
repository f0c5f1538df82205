"""Two noisy views of a digit, one behind a stop-gradient; a probe beside it learns classes."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class SimSiam(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64),
            nn.BatchNorm1d(64, affine=False),
        )  # fmt: skip
        self.predictor = nn.Sequential(
            nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 64)
        )
        self.probe = nn.Linear(64, 10)

    def view(self, x):
        if not self.training:
            return x
        keep = (torch.rand_like(x) > 0.25).float()
        return keep * x + 0.1 * torch.randn_like(x)

    def forward(self, x):
        z1, z2 = self.encoder(self.view(x)), self.encoder(self.view(x))
        p1, p2 = self.predictor(z1), self.predictor(z2)
        logits = self.probe(z1.detach())
        return logits, p1, z2.detach(), p2, z1.detach()


def loss_fn(out, y):
    logits, p1, z2, p2, z1 = out
    similar = F.cosine_similarity(p1, z2).mean() + F.cosine_similarity(p2, z1).mean()
    return F.cross_entropy(logits, y) - similar / 2


def accuracy(out, y):
    logits = out[0] if isinstance(out, (tuple, list)) else out
    return float((logits.argmax(1) == y).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    model = SimSiam()
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.SGD(
            model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4
        ),
        "train": train,
        "val": val,
        "batch_size": 128,
        "epochs": 30,
        "metric": accuracy,
    }
