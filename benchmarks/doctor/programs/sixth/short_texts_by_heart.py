"""An LSTM of 128 units and 25 epochs for a few hundred short texts: it learns them by heart."""

import re
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://stats.stackexchange.com/questions/204745/preventing-overfitting-of-lstm-on-small-dataset"
CAUSES = ("overfitting",)

MAX_WORDS = 1500


def snippets(count=400, length=12):
    """Twelve words each, out of two books, and which book they are from."""
    rows, labels = [], []
    for label, name in enumerate(["timemachine", "tinyshakespeare"]):
        words = re.findall(r"[a-z']+", data.text(name).lower())[4000:]
        rows += [words[i * length : (i + 1) * length] for i in range(count)]
        labels += [label] * count
    counts = Counter(word for row in rows for word in row)
    index = {word: i for i, (word, _) in enumerate(counts.most_common(MAX_WORDS - 1), 1)}
    ids = torch.tensor([[index.get(word, 0) for word in row] for row in rows])
    return data.split(ids, torch.tensor(labels))


class SentimentLSTM(nn.Module):
    def __init__(self, embed_dim, hidden, dropout):
        super().__init__()
        self.embedding = nn.Embedding(MAX_WORDS, embed_dim)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embed_dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, ids):
        states, _ = self.lstm(self.dropout(self.embedding(ids)))
        return self.fc(self.dropout(states.mean(dim=1)))


def bits_known(logits, labels):
    """How much of the one bit of each answer is known: 1 less the log loss in bits."""
    loss = nn.functional.cross_entropy(logits, labels)
    return 1 - loss.item() / 0.6931


def make(seed, embed_dim, hidden, dropout, weight_decay, epochs):
    torch.manual_seed(seed)
    train, val = snippets()
    model = SentimentLSTM(embed_dim, hidden, dropout)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(
            model.parameters(), lr=2e-3, weight_decay=weight_decay
        ),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=200),
        "epochs": epochs,
        "metric": bits_known,
    }


def make_faulty(seed=0):
    return make(seed, 80, 128, dropout=0.0, weight_decay=0.0, epochs=25)


def make_fixed(seed=0):
    return make(seed, 24, 24, dropout=0.5, weight_decay=0.1, epochs=26)
