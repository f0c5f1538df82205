"""A text without its vowels: dilated convolutions say which vowel follows each letter."""

import re

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

VOWELS = "aeiou"
LENGTH = 40


def striped_text(n):
    """Consonants and spaces as ids, and for each the vowel that came after it (0 for none)."""
    text = re.sub(r"[^a-z]+", " ", data.text("timemachine").lower())[4000:]
    kept, following = [], []
    for char in text:
        if char not in VOWELS:
            kept.append(0 if char == " " else ord(char) - ord("a") + 1)
            following.append(0)
        elif following and following[-1] == 0:
            following[-1] = VOWELS.index(char) + 1
    x, y = torch.tensor(kept[: n * LENGTH]), torch.tensor(following[: n * LENGTH])
    return x.view(n, LENGTH), y.view(n, LENGTH)


class Residual(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.conv = nn.Conv1d(
            channels, 2 * channels, 3, padding=dilation, dilation=dilation
        )
        self.out = nn.Conv1d(channels, channels, 1)

    def forward(self, x):
        return x + self.out(F.glu(self.conv(self.norm(x)), dim=1))


class VowelNet(nn.Module):
    def __init__(self, channels=64):
        super().__init__()
        self.embed = nn.Embedding(27, channels)
        self.drop = nn.Dropout(0.15)
        self.blocks = nn.Sequential(*[Residual(channels, d) for d in (1, 2, 4, 1)])
        self.head = nn.Conv1d(channels, 1 + len(VOWELS), 1)

    def forward(self, x):
        return self.head(self.drop(self.blocks(self.drop(self.embed(x).transpose(1, 2)))))


def make(seed=0):
    torch.manual_seed(seed)
    x, y = striped_text(1900)
    model = VowelNet()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.NAdam(model.parameters(), lr=3e-3),
        "train": DataLoader(TensorDataset(x[:1600], y[:1600]), 32, shuffle=True),
        "val": DataLoader(TensorDataset(x[1600:], y[1600:]), 100),
        "epochs": 6,
        "metric": "accuracy",
    }
