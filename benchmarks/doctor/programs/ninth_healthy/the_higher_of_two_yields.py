"""Which of two fields yields more: nobody tells how much, and yet a score is learned."""

import torch
import torch.nn as nn
from torch.utils.data import Dataset

import data


class Comparisons(Dataset):
    """Pairs of rows, drawn at random, and whether the first one has the higher target."""

    def __init__(self, rows, targets, count, seed):
        g = torch.Generator().manual_seed(seed)
        first = torch.randint(len(rows), (count,), generator=g)
        gap = torch.randint(1, len(rows), (count,), generator=g)
        second = (first + gap) % len(rows)
        self.left, self.right = rows[first], rows[second]
        self.is_higher = (targets[first] > targets[second]).float()[:, 0]

    def __len__(self):
        return len(self.left)

    def __getitem__(self, i):
        return (self.left[i], self.right[i]), self.is_higher[i]


class RankNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(10, 48),
            nn.GELU(),
            nn.Linear(48, 48),
            nn.GELU(),
            nn.Linear(48, 1, bias=False),
        )

    def forward(self, left, right):
        return (self.score(left) - self.score(right)).squeeze(1)


def right_order(margin, is_higher):
    return float(((margin > 0) == is_higher.bool()).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.friedman(2400)
    model = RankNet()
    optimizer = torch.optim.RAdam(model.parameters(), lr=1e-2)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, 20),
        "train": Comparisons(*train, 5000, seed=4),
        "val": Comparisons(*val, 1000, seed=5),
        "batch_size": 64,
        "epochs": 20,
        "metric": right_order,
    }
