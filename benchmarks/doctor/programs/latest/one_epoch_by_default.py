"""Reads of DNA are learned for one epoch, a default of those who have millions of them."""

import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/MicrobeLab/DeepMicrobes/issues/33"
CAUSES = ("epochs_few", "lr_low")

parser = argparse.ArgumentParser()
parser.add_argument("--kmer", type=int, default=3)
parser.add_argument("--embedding_dim", type=int, default=16)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--batch_size", type=int, default=32)
parser.add_argument("--train_epochs", type=int, default=1)


def reads(n=640, length=64, k=3, seed=7):
    """Reads of four species; in each, bases follow each other as its own table says."""
    rng = np.random.default_rng(seed)
    tables = rng.dirichlet([2.0] * 4, size=(4, 4, 4))
    labels = np.arange(n) % 4
    bases = rng.integers(0, 4, size=(n, length))
    for j in range(2, length):
        chances = tables[labels, bases[:, j - 2], bases[:, j - 1]].cumsum(1)
        bases[:, j] = (rng.random((n, 1)) > chances[:, :3]).sum(1)
    kmers = sum(bases[:, i : length - k + 1 + i] * 4**i for i in range(k))
    return torch.tensor(kmers), torch.tensor(labels)


class AttentionModel(nn.Module):
    def __init__(self, k, dim, n_species=4):
        super().__init__()
        self.embed = nn.Embedding(4**k, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.attend = nn.Linear(2 * dim, 4)
        self.mlp = nn.Sequential(
            nn.Linear(8 * dim, 48), nn.ReLU(), nn.Linear(48, n_species)
        )

    def forward(self, kmers):
        h, _ = self.lstm(self.embed(kmers))
        scores = torch.softmax(self.attend(torch.tanh(h)), dim=1)
        return self.mlp((scores.transpose(1, 2) @ h).flatten(1))


def make(seed, arguments):
    args = parser.parse_args(arguments)
    torch.manual_seed(seed)
    train, test = data.split(*reads(k=args.kmer))
    model = AttentionModel(args.kmer, args.embedding_dim)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=args.lr),
        "train": DataLoader(TensorDataset(*train), args.batch_size, shuffle=True),
        "val": DataLoader(TensorDataset(*test), 100),
        "epochs": args.train_epochs,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, [])


def make_fixed(seed=0):
    return make(seed, ["--train_epochs", "15"])
