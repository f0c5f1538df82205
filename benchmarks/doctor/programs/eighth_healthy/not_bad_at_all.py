"""Reviews of three remarks, in which "not very good" is bad: embeddings, a GRU, padding."""

import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

GOOD = [
    "good",
    "great",
    "lovely",
    "fresh",
    "friendly",
    "quick",
    "warm",
    "clean",
    "cozy",
    "tasty",
    "fair",
    "superb",
]
BAD = [
    "bad",
    "awful",
    "stale",
    "rude",
    "slow",
    "cold",
    "dirty",
    "bland",
    "noisy",
    "greasy",
    "poor",
    "dull",
]
NOUNS = [
    "food",
    "soup",
    "service",
    "staff",
    "room",
    "coffee",
    "bread",
    "place",
    "music",
    "dessert",
    "menu",
    "waiter",
]
NOT = ["not", "never", "hardly"]
VERY = ["very", "really", "so", "quite"]


def remark(draws):
    """A few words on one thing, and whether they praise it."""
    is_good = draws.random() < 0.5
    is_denied = draws.random() < 0.5
    words = ["the", draws.choice(NOUNS), "was"]
    if is_denied:
        words.append(draws.choice(NOT))
    if draws.random() < 0.5:
        words.append(draws.choice(VERY))
    words.append(draws.choice(GOOD if is_good else BAD))
    return words, is_good != is_denied


def review(draws):
    remarks = [remark(draws) for _ in range(3)]
    words = [word for words, _ in remarks for word in ["and", *words]][1:]
    if draws.random() < 0.3:
        words += ["thank", "you"]
    return words, int(sum(praise for _, praise in remarks) >= 2)


class Reviews(Dataset):
    def __init__(self, n, seed):
        draws = random.Random(seed)
        self.samples = [review(draws) for _ in range(n)]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


WORDS = ["<pad>", "the", "was", "and", "thank", "you", *NOUNS, *NOT, *VERY, *GOOD, *BAD]
ID = {word: i for i, word in enumerate(WORDS)}


def collate(batch):
    rows = [torch.tensor([ID[word] for word in words]) for words, _ in batch]
    padded = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return padded, torch.tensor([label for _, label in batch])


class Sentiment(nn.Module):
    def __init__(self, dim=16, hidden=24):
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.classifier = nn.Sequential(
            nn.Linear(2 * hidden, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 2)
        )

    def forward(self, ids):
        states, _ = self.gru(self.embedding(ids))
        is_word = (ids > 0).unsqueeze(-1)
        mean = (states * is_word).sum(1) / is_word.sum(1)
        return self.classifier(mean)


def make(seed=0):
    torch.manual_seed(seed)
    model = Sentiment()
    train, test = Reviews(2400, seed=1), Reviews(600, seed=2)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01),
        "train": DataLoader(train, batch_size=40, shuffle=True, collate_fn=collate),
        "val": DataLoader(test, batch_size=100, collate_fn=collate),
        "epochs": 10,
        "metric": "accuracy",
    }
