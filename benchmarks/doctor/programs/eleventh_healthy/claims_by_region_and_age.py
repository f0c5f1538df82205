"""Insured drivers: embedded region and make, standardized numbers, weighted claims."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data


class Policies(Dataset):
    def __init__(self, rows, claimed):
        self.categories = rows[:, :2].long()
        self.numbers = rows[:, 2:]
        self.claimed = claimed

    def __len__(self):
        return len(self.claimed)

    def __getitem__(self, i):
        return (self.categories[i], self.numbers[i]), self.claimed[i]


class TabularModel(nn.Module):
    def __init__(self, embedding_sizes, n_cont):
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(c, s) for c, s in embedding_sizes)
        n_emb = sum(size for _, size in embedding_sizes)
        self.bn_cont = nn.BatchNorm1d(n_cont)
        self.layers = nn.Sequential(
            nn.Linear(n_emb + n_cont, 64),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, x_cat, x_cont):
        x = [e(x_cat[:, i]) for i, e in enumerate(self.embeddings)]
        x = torch.cat([*x, self.bn_cont(x_cont)], 1)
        return self.layers(x).squeeze(1)


def policies(count=2400):
    draws = torch.Generator().manual_seed(31)
    region = torch.randint(0, 12, (count,), generator=draws)
    maker = torch.randint(0, 8, (count,), generator=draws)
    age, power, mileage = torch.randn(3, count, generator=draws)
    risky = torch.tensor([1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0])[region] * 2.0 - 1
    fast = torch.tensor([1, 0, 1, 0, 0, 1, 0, 1])[maker] * 2.0 - 1
    score = 1.6 * risky * power + 1.6 * (age.abs() - 0.8) + 1.2 * fast * mileage
    score = score + 0.5 * torch.randn(count, generator=draws)
    claimed = (score > score.quantile(0.75)).float()
    rows = torch.stack([region.float(), maker.float(), age, power, mileage], 1)
    return data.split(rows, claimed)


def balanced_accuracy(logits, claimed):
    hit = (logits > 0) == (claimed > 0.5)
    yes, no = hit[claimed > 0.5].float().mean(), hit[claimed < 0.5].float().mean()
    return ((yes + no) / 2).item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = policies()
    model = TabularModel([(12, 6), (8, 4)], 3)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5),
        "train": DataLoader(Policies(*train), batch_size=64, shuffle=True),
        "val": DataLoader(Policies(*val), batch_size=200),
        "epochs": 25,
        "metric": balanced_accuracy,
    }
