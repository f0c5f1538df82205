"""A bidirectional LSTM finds the ends of words in verses that were written without spaces.

Verses are of many lengths: they are padded and packed, and the padding is left out of the
loss by its ignore_index and out of the score.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

import data

IGNORED = -100


def verses(count=1000):
    """Letters of a verse as ids from 1, and 1 for each that ends a word."""
    samples = []
    for line in data.text("tinyshakespeare").lower().splitlines():
        words = ["".join(c for c in word if c.isalpha()) for word in line.split()]
        words = [word for word in words if word]
        if len(words) < 4:
            continue
        letters = [ord(c) - ord("a") + 1 for word in words for c in word]
        ends = [int(i == len(word) - 1) for word in words for i in range(len(word))]
        samples.append((torch.tensor(letters), torch.tensor(ends)))
        if len(samples) == count:
            return samples
    return samples


def collate(samples):
    letters, ends = zip(*samples, strict=True)
    return (
        pad_sequence(list(letters), batch_first=True),
        pad_sequence(list(ends), batch_first=True, padding_value=IGNORED),
    )


class BiLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(27, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, 48, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.2)
        self.tag = nn.Linear(96, 2)

    def forward(self, letters):
        lengths = (letters > 0).sum(1)
        packed = pack_padded_sequence(
            self.embed(letters), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=letters.size(1)
        )
        return self.tag(self.dropout(states))


def f1(scores, ends):
    guesses = (scores.argmax(2) == 1) & (ends != IGNORED)
    hits = (guesses & (ends == 1)).sum()
    return float(2 * hits / (guesses.sum() + (ends == 1).sum()))


def make(seed=0):
    torch.manual_seed(seed)
    samples = verses()
    model = BiLSTM()
    return {
        "model": model,
        "loss_fn": lambda scores, ends: F.cross_entropy(
            scores.flatten(0, 1), ends.flatten(), ignore_index=IGNORED
        ),
        "optimizer": torch.optim.Adam(model.parameters(), lr=6e-3),
        "train": DataLoader(samples[:800], batch_size=20, shuffle=True, collate_fn=collate),
        "val": DataLoader(samples[800:], batch_size=200, collate_fn=collate),
        "epochs": 8,
        "metric": f1,
    }
