"""The log-odds of a click, for the last bias, start the biases of all layers: no ReLU fires."""

import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/facebookresearch/dlrm/pull/358"
CAUSES = ("dead_units", "init")

TABLES = (40, 25, 12)


class Clicks(Dataset):
    def __init__(self, n, seed):
        tastes = np.random.default_rng(5)
        rng = np.random.default_rng(seed)
        self.ids = np.stack([rng.integers(0, size, n) for size in TABLES], axis=1)
        self.dense = rng.random((n, 4)).astype(np.float32)
        effects = [tastes.normal(0, 1.2, size) for size in TABLES]
        score = sum(e[self.ids[:, i]] for i, e in enumerate(effects))
        waves = np.sin(6 * self.dense[:, 0]) * 2 + 3 * (self.dense[:, 1] - 0.5) ** 2 * 4
        score = (
            score
            + waves
            + 3 * (self.dense[:, 2] - 0.5) * np.sign(effects[0])[self.ids[:, 0]]
        )
        p = 1 / (1 + np.exp(-(1.6 * score - 3.8)))
        self.label = (rng.random(n) < p).astype(np.float32)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return (self.dense[i], self.ids[i]), self.label[i]


class DLRM(nn.Module):
    def __init__(self, bias, bias_everywhere, dim=8):
        super().__init__()
        self.emb = nn.ModuleList()
        for n in TABLES:
            table = nn.Embedding(n, dim)
            nn.init.uniform_(table.weight, -math.sqrt(1 / n), math.sqrt(1 / n))
            self.emb.append(table)
        self.bot_l = self.create_mlp([4, 32, dim])
        self.top_l = self.create_mlp([dim + dim * 3 + 6, 64, 32, 1])[:-1]
        layers = [m for m in self.modules() if isinstance(m, nn.Linear)]
        for layer in layers if bias_everywhere else layers[-1:]:
            nn.init.constant_(layer.bias, bias)

    def create_mlp(self, ln):
        layers = []
        for n, m in pairwise(ln):
            fc = nn.Linear(n, m)
            nn.init.normal_(fc.weight, 0.0, math.sqrt(2 / (m + n)))
            nn.init.zeros_(fc.bias)
            layers += [fc, nn.ReLU()]
        return nn.Sequential(*layers)

    def forward(self, dense, ids):
        x = self.bot_l(dense)
        rows = [x] + [table(ids[:, i]) for i, table in enumerate(self.emb)]
        t = torch.stack(rows, dim=1)
        z = t @ t.transpose(1, 2)
        i, j = torch.tril_indices(4, 4, offset=-1)
        r = torch.cat([t.flatten(1), z[:, i, j]], dim=1)
        return self.top_l(r).squeeze(1)


def auc(output, label):
    order = output.argsort().argsort().float() + 1
    n_pos = label.sum()
    n_neg = len(label) - n_pos
    return float((order[label == 1].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def make(seed, bias_everywhere):
    torch.manual_seed(seed)
    train, test = Clicks(4000, 1), Clicks(1500, 2)
    rate = float(train.label.mean())
    model = DLRM(math.log(rate / (1 - rate)), bias_everywhere)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adagrad(model.parameters(), lr=0.05),
        "train": DataLoader(train, batch_size=64, shuffle=True),
        "val": DataLoader(test, batch_size=500),
        "epochs": 10,
        "metric": auc,
    }


def make_faulty(seed=0):
    return make(seed, bias_everywhere=True)


def make_fixed(seed=0):
    return make(seed, bias_everywhere=False)
