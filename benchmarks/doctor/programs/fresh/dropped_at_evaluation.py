"""F.dropout without its argument `training`: it drops when the model is evaluated, too."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/rixwew/pytorch-fm/issues/21"
CAUSES = ("train_eval_mode", "regularization")


class TextCNN(nn.Module):
    def __init__(self, n_symbols, follows_mode, dim=24, n_filters=24):
        super().__init__()
        self.embed = nn.Embedding(n_symbols, dim)
        self.convs = nn.ModuleList([nn.Conv1d(dim, n_filters, k) for k in (2, 3, 4)])
        self.fc = nn.Linear(3 * n_filters, 2)
        self.follows_mode = follows_mode

    def drop(self, x):
        if self.follows_mode:
            return F.dropout(x, p=0.6, training=self.training)
        return F.dropout(x, p=0.6)

    def forward(self, ids):
        e = self.drop(self.embed(ids)).transpose(1, 2)
        pooled = [F.relu(conv(e)).max(dim=2).values for conv in self.convs]
        return self.fc(self.drop(torch.cat(pooled, dim=1)))


def make(seed, follows_mode):
    torch.manual_seed(seed)
    train, val, n_symbols = data.two_authors(length=60, count=2400)
    model = TextCNN(n_symbols, follows_mode)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=200),
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, follows_mode=False)


def make_fixed(seed=0):
    return make(seed, follows_mode=True)
