"""Four experts, of which a gate takes the best for each row; the others get no gradient."""

import torch
from torch import nn

import data


class Experts(nn.Module):
    def __init__(self, n=4, width=24):
        super().__init__()
        self.gate = nn.Linear(2, n)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 3))
            for _ in range(n)
        )

    def forward(self, x):
        weight, best = self.gate(x).softmax(1).max(1)
        out = x.new_zeros(len(x), 3)
        for i, expert in enumerate(self.experts):
            rows = best == i
            if rows.any():
                out[rows] = weight[rows, None] * expert(x[rows])
        return out


def make(seed=0):
    torch.manual_seed(seed)
    model = Experts()
    train, val = data.spirals(turns=0.8)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 30,
        "metric": "accuracy",
    }
