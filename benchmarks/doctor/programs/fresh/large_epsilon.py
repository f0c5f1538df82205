"""Adam's eps is 0.1 by default in a toolkit for translation: its steps are far too small."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/mlpnlp/mlpnlp-nmt/pull/4"
CAUSES = ("optimizer", "lr_low")


class Translator(nn.Module):
    """Says a sequence in another order, all of it at once."""

    def __init__(self, n_symbols=10, d=64, max_len=16):
        super().__init__()
        self.src_embed = nn.Embedding(n_symbols, d)
        self.pos_embed = nn.Parameter(0.3 * torch.randn(max_len, d))
        layer = nn.TransformerEncoderLayer(
            d, nhead=4, dim_feedforward=128, dropout=0.0, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        self.generator = nn.Linear(d, n_symbols)

    def forward(self, src):
        x = self.src_embed(src) + self.pos_embed[: src.shape[1]]
        return self.generator(self.encoder(x))


def token_loss(out, y):
    return nn.functional.cross_entropy(out.reshape(-1, 10), y.reshape(-1))


def make(seed, eps):
    torch.manual_seed(seed)
    model = Translator()
    train, val = data.reversal(count=1200, length=8)
    return {
        "model": model,
        "loss_fn": token_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3, eps=eps),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
        "metric": lambda out, y: float((out.argmax(2) == y).float().mean()),
    }


def make_faulty(seed=0):
    return make(seed, eps=0.1)


def make_fixed(seed=0):
    return make(seed, eps=1e-8)
