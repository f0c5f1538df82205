"""Word vectors are looked up in embedding.weight.data, where no gradient can come back to.

They stay at the random numbers that they began with; only the layers above learn.
"""

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = "https://discuss.pytorch.org/t/clone-and-detach-in-v0-4-0/16861/2"
CAUSES = ("gradient_wiring", "frozen_parameters")

WORDS, LENGTH = 1500, 24


def reviews():
    """Runs of 24 words of two books, and which book each is from."""
    books = [data.text(n)[:200_000].lower() for n in ("tinyshakespeare", "timemachine")]
    books = ["".join(c if c.isalpha() else " " for c in b).split() for b in books]
    counts = {}
    for word in books[0] + books[1]:
        counts[word] = counts.get(word, 0) + 1
    frequent = sorted(counts, key=lambda w: -counts[w])[: WORDS - 1]
    vocab = {w: i + 1 for i, w in enumerate(frequent)}
    rows = [
        [vocab.get(w, 0) for w in book[i * LENGTH : (i + 1) * LENGTH]]
        for book in books for i in range(1200)
    ]  # fmt: skip
    return data.split(torch.tensor(rows), torch.arange(2).repeat_interleave(1200))


class AverageOfWords(nn.Module):
    def __init__(self, lookup, dim=8):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, dim)
        self.fc1 = nn.Linear(dim, 16)
        self.fc2 = nn.Linear(16, 1)
        self.lookup = lookup

    def forward(self, ids):
        vectors = self.lookup(self.embedding, ids)
        x = F.relu(self.fc1(vectors.mean(dim=1)))
        return torch.sigmoid(self.fc2(x)).squeeze(1)


def lookup_in_table(embedding, ids):
    return embedding.weight.data[ids]


def lookup_by_layer(embedding, ids):
    return embedding(ids)


def binary_accuracy(preds, y):
    return float(((preds > 0.5) == (y > 0.5)).float().mean())


def make(seed, lookup):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = reviews()
    model = AverageOfWords(lookup)
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": (x, y.float()),
        "val": (x_val, y_val.float()),
        "batch_size": 32,
        "epochs": 6,
        "metric": binary_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, lookup_in_table)


def make_fixed(seed=0):
    return make(seed, lookup_by_layer)
