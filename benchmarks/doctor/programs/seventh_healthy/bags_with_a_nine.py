"""Bags of eight digits; is there a nine in it? Gated attention pools them."""

import torch
from torch import nn

import data


def bags(pair, n, seed, size=8):
    images, digits = pair
    g = torch.Generator().manual_seed(seed)
    nines, others = (digits == 9).nonzero()[:, 0], (digits != 9).nonzero()[:, 0]
    chosen = others[torch.randint(len(others), (n, size), generator=g)]
    label = torch.arange(n) % 2
    nine = nines[torch.randint(len(nines), (n,), generator=g)]
    place = torch.randint(size, (n,), generator=g)
    rows = (label == 1).nonzero()[:, 0]
    chosen[rows, place[rows]] = nine[rows]
    return images[chosen], label.float()


class GatedAttention(nn.Module):
    def __init__(self, width=48, hidden=32):
        super().__init__()
        self.instance = nn.Sequential(
            nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(24 * 16, width), nn.ReLU(),
        )  # fmt: skip
        self.values = nn.Linear(width, hidden)
        self.gates = nn.Linear(width, hidden)
        self.weights = nn.Linear(hidden, 1)
        self.classifier = nn.Linear(width, 1)

    def forward(self, bag):
        n, size = bag.shape[:2]
        h = self.instance(bag.flatten(0, 1)).view(n, size, -1)
        scores = self.weights(self.values(h).tanh() * self.gates(h).sigmoid())
        pooled = (scores.softmax(dim=1) * h).sum(1)
        return self.classifier(pooled).squeeze(1)


def right_side(scores, label):
    return ((scores > 0) == (label > 0.5)).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(6000, side=14)
    model = GatedAttention()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4),
        "train": bags(train, 3000, seed=1),
        "val": bags(val, 600, seed=2),
        "batch_size": 32,
        "epochs": 10,
        "metric": right_side,
    }
