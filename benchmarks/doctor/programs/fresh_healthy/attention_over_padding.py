"""Lines of several lengths, padded in a collate function; attention leaves the padding out."""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

import data


class AttentionPool(nn.Module):
    def __init__(self, symbols, dim=20):
        super().__init__()
        self.embed = nn.Embedding(symbols + 1, dim, padding_idx=0)
        self.conv = nn.Conv1d(dim, dim, 3, padding=1)
        self.score = nn.Linear(dim, 1)
        self.out = nn.Linear(dim, 2)

    def forward(self, ids):
        h = torch.relu(self.conv(self.embed(ids).transpose(1, 2))).transpose(1, 2)
        score = self.score(h).squeeze(-1).masked_fill(ids == 0, float("-inf"))
        return self.out((score.softmax(1)[..., None] * h).sum(1))


def collate(rows):
    ids, who = zip(*rows, strict=True)
    return pad_sequence(ids, batch_first=True), torch.stack(who)


def lines(pair):
    ids, who = pair
    return [(ids[i, : 30 + 7 * i % 50] + 1, who[i]) for i in range(len(ids))]


def make(seed=0):
    torch.manual_seed(seed)
    train, val, symbols = data.two_authors(length=80, count=1800)
    model = AttentionPool(symbols)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(lines(train), batch_size=25, shuffle=True, collate_fn=collate),
        "val": DataLoader(lines(val), batch_size=50, collate_fn=collate),
        "epochs": 10,
        "metric": "accuracy",
    }
