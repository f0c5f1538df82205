"""The last states of a bidirectional LSTM, (2, batch, hidden), are viewed as (batch, 2 hidden).

Half of the rows get forward states of two other texts, and half backward states of two.
"""

import re

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/graykode/nlp-tutorial/issues/38"
CAUSES = ("shape_broadcast", "other")


def sentences(length=12, count=700, n_words=1500):
    """Return hashed words of sentences, cut or filled up, and which book's they are."""
    rows, labels = [], []
    for label, name in enumerate(("tinyshakespeare", "timemachine")):
        found = re.split(r"[.!?;:]", data.text(name).lower()[20_000:])
        found = [re.findall(r"[a-z]+", sentence) for sentence in found]
        for words in [s for s in found if len(s) > 5][:count]:
            ids = [
                1 + sum(ord(c) * 31**k for k, c in enumerate(w)) % n_words for w in words
            ]
            rows.append((ids + [0] * length)[:length])
            labels.append(label)
    return torch.tensor(rows), torch.tensor(labels), n_words + 1


class BiLSTM(nn.Module):
    def __init__(self, vocab_size, n_hidden, is_viewed):
        super().__init__()
        self.n_hidden = n_hidden
        self.is_viewed = is_viewed
        self.embedding = nn.Embedding(vocab_size, 16)
        self.lstm = nn.LSTM(16, n_hidden, bidirectional=True)
        self.out = nn.Linear(n_hidden * 2, 2)

    def forward(self, tokens):
        input = self.embedding(tokens).permute(1, 0, 2)
        _, (final_hidden_state, _) = self.lstm(input)
        if self.is_viewed:
            hidden = final_hidden_state.view(-1, self.n_hidden * 2)
        else:
            hidden = torch.cat([final_hidden_state[0], final_hidden_state[1]], dim=1)
        return self.out(hidden)


def make(seed, is_viewed):
    torch.manual_seed(seed)
    x, y, vocab_size = sentences()
    train, val = data.split(x, y)
    model = BiLSTM(vocab_size, 24, is_viewed)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 5,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, is_viewed=True)


def make_fixed(seed=0):
    return make(seed, is_viewed=False)
