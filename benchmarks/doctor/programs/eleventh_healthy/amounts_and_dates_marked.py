"""A bidirectional GRU marks, in lines of a ledger, what is a date and what an amount.

Lines are padded in the collate function; padded characters count for nothing in the loss.
"""

import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

CHARS = "_ abcdefghijklmnopqrstuvwxyz0123456789.-"
WORDS = [
    "rent",
    "paid",
    "bread",
    "to",
    "baker",
    "for",
    "coal",
    "oil",
    "sold",
    "two",
    "sacks",
]


class Ledger(Dataset):
    def __init__(self, count, seed):
        rng = random.Random(seed)
        self.rows = [self.line(rng) for _ in range(count)]

    @staticmethod
    def line(rng):
        text, tags = "", []
        for _ in range(rng.randint(3, 6)):
            kind = rng.choice((0, 0, 1, 2))
            if kind == 0:
                piece = rng.choice(WORDS)
            elif kind == 1:  # a date: day.month or day.month.year, or day-month-year
                mark = rng.choice(".-")
                year = rng.choice(("", f"{mark}{rng.randint(10, 99)}"))
                piece = f"{rng.randint(1, 28):02d}{mark}{rng.randint(1, 12):02d}{year}"
                if mark == "." and not year:
                    piece += "."
            else:  # an amount
                piece = f"{rng.randint(1, 99):02d}.{rng.randint(1, 99):02d}"
                piece = piece if rng.random() < 0.7 else f"{rng.randint(100, 9999)}"
            text += piece + " "
            tags += [kind] * len(piece) + [0]
        ids = [CHARS.index(c) for c in text.rstrip()]
        return torch.tensor(ids), torch.tensor(tags[: len(ids)])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(batch):
    ids = pad_sequence([row[0] for row in batch], batch_first=True)
    tags = pad_sequence([row[1] for row in batch], batch_first=True, padding_value=-100)
    return (ids, torch.tensor([len(row[0]) for row in batch])), tags


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(CHARS), 16, padding_idx=0)
        self.gru = nn.GRU(16, 32, batch_first=True, bidirectional=True)
        self.out = nn.Linear(64, 3)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        hidden, _ = pad_packed_sequence(
            self.gru(packed)[0], batch_first=True, total_length=ids.size(1)
        )
        return self.out(hidden).transpose(1, 2)


def balanced_accuracy(logits, tags):
    shares = [(logits.argmax(1)[tags == k] == k).float().mean() for k in range(3)]
    return float(torch.stack(shares).mean())


def make(seed=0):
    torch.manual_seed(seed)
    model = Tagger()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(ignore_index=-100),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(
            Ledger(800, 1), batch_size=32, shuffle=True, collate_fn=collate
        ),
        "val": DataLoader(Ledger(200, 2), batch_size=50, collate_fn=collate),
        "epochs": 6,
        "metric": balanced_accuracy,
    }
