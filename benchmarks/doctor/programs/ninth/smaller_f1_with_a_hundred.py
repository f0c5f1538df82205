"""A tagger that was set up for four sentences a batch gets a hundred of them.

Its SGD and its rate stay as they were: a twenty-fifth of the updates.
"""

import re

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/jiesutd/LatticeLSTM/issues/22"
CAUSES = ("batch_size", "lr_low", "epochs_few")

LENGTH = 24


def unsegmented_text(n):
    """Pieces of a text without its spaces, and whether a word begins at a character."""
    words = re.findall(r"[a-z]+", data.text("timemachine").lower())[3000:]
    chars, begins = [], []
    for word in words:
        chars += [ord(c) - ord("a") for c in word]
        begins += [1] + [0] * (len(word) - 1)
    chars, begins = torch.tensor(chars[: n * LENGTH]), torch.tensor(begins[: n * LENGTH])
    return chars.view(n, LENGTH), begins.view(n, LENGTH)


class SeqLabel(nn.Module):
    def __init__(self, hidden_dim=40):
        super().__init__()
        self.char_embedding = nn.Embedding(26, 20)
        self.lstm = nn.LSTM(20, hidden_dim, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(2 * hidden_dim, 2)

    def forward(self, sentence):
        out, _ = self.lstm(self.char_embedding(sentence))
        return self.hidden2tag(out).transpose(1, 2)


def f1(output, target):
    pred = output.argmax(1)
    right = (pred * target).sum()
    return (2 * right / (pred.sum() + target.sum()).clamp(min=1)).item()


def make(seed, batch_size, lr=0.1, momentum=0.9):
    torch.manual_seed(seed)
    model = SeqLabel()
    chars, begins = unsegmented_text(1800)
    train, dev = (chars[:1500], begins[:1500]), (chars[1500:], begins[1500:])
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum),
        "train": DataLoader(TensorDataset(*train), batch_size, shuffle=True),
        "val": DataLoader(TensorDataset(*dev), 100),
        "epochs": 8,
        "metric": f1,
    }


def make_faulty(seed=0):
    return make(seed, batch_size=100)


def make_fixed(seed=0):
    return make(seed, batch_size=4)
