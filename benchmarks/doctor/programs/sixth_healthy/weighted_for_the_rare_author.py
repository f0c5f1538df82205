"""One line in eleven is Shakespeare's: its errors weigh more, and both books count alike."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def one_in_eleven(pair):
    ids, books = pair
    keep = books == 1
    rare = torch.nonzero(books == 0).flatten()
    keep[rare[: len(rare) // 10]] = True
    return ids[keep], (1 - books[keep]).float()


class LettersCNN(nn.Module):
    def __init__(self, n_chars, dim=16, channels=32):
        super().__init__()
        self.emb = nn.Embedding(n_chars, dim)
        self.conv2 = nn.Conv1d(dim, channels, 3, padding=1)
        self.conv4 = nn.Conv1d(dim, channels, 5, padding=2)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(2 * channels, 1)

    def forward(self, ids):
        x = self.emb(ids).transpose(1, 2)
        x = torch.cat([F.relu(self.conv2(x)), F.relu(self.conv4(x))], dim=1)
        return self.out(self.drop(x.amax(2))).squeeze(1)


def balanced_accuracy(logits, targets):
    hits = (logits > 0) == (targets > 0.5)
    recalls = [hits[targets == c].float().mean() for c in (0, 1) if (targets == c).any()]
    return float(torch.stack(recalls).mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, val, n_chars = data.two_authors(length=60, count=3600)
    ids, rare = one_in_eleven(train)
    model = LettersCNN(n_chars)
    pos_weight = (rare == 0).sum() / rare.sum()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(pos_weight=pos_weight),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2),
        "train": DataLoader(TensorDataset(ids, rare), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*one_in_eleven(val)), batch_size=5000),
        "epochs": 10,
        "metric": balanced_accuracy,
    }
