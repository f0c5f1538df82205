"""Scores of an LSTM are (batch, 1), the true ones are (batch,): MSELoss compares all pairs.

Each prediction is drawn to the mean of all scores in its batch.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/aiboxlab/nlp/issues/97"
CAUSES = ("shape_broadcast",)


class ScoredTexts(Dataset):
    """Pieces of a book, and how long their words are on the average, standardized."""

    def __init__(self, first, last, length=48, column=False):
        book = "".join(
            c for c in data.text("timemachine").lower() if c.isalpha() or c == " "
        )
        alphabet = {c: i for i, c in enumerate(sorted(set(book)))}
        self.samples = []
        for i in range(first, last):
            piece = book[i * length : (i + 1) * length]
            words = piece.split()
            score = sum(len(w) for w in words) / len(words)
            score = torch.tensor((score - 4.1) / 0.7)
            ids = torch.tensor([alphabet[c] for c in piece])
            self.samples.append((ids, score.view(1) if column else score))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, idx):
        return self.samples[idx]


class LSTMRegressor(nn.Module):
    def __init__(self, vocab_size=64, embedding_dim=16, hidden_size=32):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(
            embedding_dim, hidden_size, batch_first=True, bidirectional=True
        )
        self.regressor = nn.Linear(2 * hidden_size, 1)

    def forward(self, token_ids):
        states, _ = self.lstm(self.embedding(token_ids))
        return self.regressor(states.mean(dim=1))


def make(seed, column):
    torch.manual_seed(seed)
    model = LSTMRegressor()
    train = ScoredTexts(0, 900, column=column)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=5e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(ScoredTexts(900, 1200, column=column), batch_size=50),
        "epochs": 8,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, column=False)


def make_fixed(seed=0):
    return make(seed, column=True)
