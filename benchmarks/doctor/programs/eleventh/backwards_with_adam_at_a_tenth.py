"""A transformer encoder is to say sequences backwards; Adam was given a rate of 0.1.

The first steps throw the weights so far that attention and layer norms never recover.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/cfzd/Ultra-Fast-Lane-Detection/issues/36"
CAUSES = ("lr_high",)


class TransformerModel(nn.Module):
    def __init__(self, ntoken=10, seq_len=8, d_model=32, nhead=4, d_hid=64, nlayers=1):
        super().__init__()
        self.embedding = nn.Embedding(ntoken, d_model)
        self.pos = nn.Parameter(torch.randn(1, seq_len, d_model) * 0.5)
        layer = nn.TransformerEncoderLayer(d_model, nhead, d_hid, 0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, nlayers, enable_nested_tensor=False)
        self.decoder = nn.Linear(d_model, ntoken)

    def forward(self, src):
        src = self.embedding(src) + self.pos
        return self.decoder(self.encoder(src))


def criterion(output, target):
    return nn.functional.cross_entropy(output.flatten(0, 1), target.flatten())


def token_accuracy(output, target):
    return (output.argmax(-1) == target).float().mean().item()


def make(seed, learning_rate):
    torch.manual_seed(seed)
    train, val = data.reversal(2000)
    model = TransformerModel()
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.Adam(model.parameters(), lr=learning_rate),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 12,
        "metric": token_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, learning_rate=0.1)


def make_fixed(seed=0):
    return make(seed, learning_rate=3e-3)
