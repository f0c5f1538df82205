"""A letter of a text is hidden; a bidirectional GRU tells from both sides what it was."""

import torch
from torch import nn

import data

ALPHABET = " abcdefghijklmnopqrstuvwxyz"
VOWELS = "aeiou"
HIDDEN = len(ALPHABET)


def kind(letter):
    """0 for a space, 1 for a vowel, 2 for any other letter."""
    return 0 if letter == " " else 1 if letter in VOWELS else 2


def windows(text, width=4, step=7):
    x, y = [], []
    for at in range(width, len(text) - width, step):
        ids = [ALPHABET.index(c) for c in text[at - width : at + width + 1]]
        ids[width] = HIDDEN
        x.append(ids)
        y.append(kind(text[at]))
    return torch.tensor(x), torch.tensor(y)


class FillIn(nn.Module):
    def __init__(self, embedding_dim=16, hidden_dim=32):
        super().__init__()
        self.embedding = nn.Embedding(len(ALPHABET) + 1, embedding_dim)
        self.gru = nn.GRU(embedding_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(2 * hidden_dim, 3)

    def forward(self, ids):
        states, _ = self.gru(self.embedding(ids))
        return self.classifier(states[:, ids.size(1) // 2])


def make(seed=0):
    torch.manual_seed(seed)
    text = "".join(c if c in ALPHABET else " " for c in data.text("timemachine").lower())
    text = " ".join(text.split())
    model = FillIn()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.7),
        "train": windows(text[:35000]),
        "val": windows(text[40000:50000]),
        "batch_size": 64,
        "epochs": 8,
        "metric": "accuracy",
    }
