"""Sixty-four numbers for each reader and book, who have few ratings: it knows them by heart."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://github.com/tensorflow/recommenders/issues/252"
CAUSES = ("overfitting", "regularization")

READERS, BOOKS = 200, 100


def load_ratings(n=6000):
    rng = np.random.default_rng(11)
    reader = rng.integers(0, READERS, n)
    book = rng.integers(0, BOOKS, n)
    genre = rng.normal(size=(BOOKS, 2))
    likes = rng.normal(size=(READERS, 2)) * 0.5
    fame = rng.normal(0, 0.6, BOOKS)
    mild = rng.normal(0, 0.4, READERS)
    score = fame[book] + mild[reader] + (genre[book] * likes[reader]).sum(1)
    score = score + rng.normal(0, 0.7, n)
    return reader, book, score.astype(np.float32)


class RatingModel(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.reader_embedding = nn.Embedding(READERS, dim)
        self.book_embedding = nn.Embedding(BOOKS, dim)
        self.reader_bias = nn.Embedding(READERS, 1)
        self.book_bias = nn.Embedding(BOOKS, 1)
        for table in self.children():
            nn.init.normal_(table.weight, std=0.05)

    def forward(self, pair):
        reader, book = pair[:, 0], pair[:, 1]
        match = (self.reader_embedding(reader) * self.book_embedding(book)).sum(1)
        return match + self.reader_bias(reader).squeeze(1) + self.book_bias(book).squeeze(1)


def make(seed, dim, weight_decay, epochs):
    torch.manual_seed(seed)
    reader, book, score = load_ratings()
    pairs = torch.tensor(np.stack([reader, book], axis=1))
    score = torch.from_numpy(score)
    cut = len(score) * 4 // 5
    model = RatingModel(dim)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(
            model.parameters(), lr=5e-3, weight_decay=weight_decay
        ),
        "train": DataLoader(
            TensorDataset(pairs[:cut], score[:cut]), batch_size=64, shuffle=True
        ),
        "val": DataLoader(TensorDataset(pairs[cut:], score[cut:]), batch_size=240),
        "epochs": epochs,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, dim=64, weight_decay=0.0, epochs=60)


def make_fixed(seed=0):
    return make(seed, dim=3, weight_decay=5e-4, epochs=20)
