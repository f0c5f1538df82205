"""Dilated causal convolutions, gated and with residues, predict the next character."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


class GatedBlock(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.pad = dilation
        self.conv = nn.Conv1d(channels, 2 * channels, kernel_size=2, dilation=dilation)
        self.mix = nn.Conv1d(channels, channels, kernel_size=1)

    def forward(self, x):
        values, gates = self.conv(F.pad(x, (self.pad, 0))).chunk(2, dim=1)
        return x + self.mix(values.tanh() * gates.sigmoid())


class CausalNet(nn.Module):
    def __init__(self, vocab, channels=48):
        super().__init__()
        self.embed = nn.Embedding(vocab, channels)
        self.blocks = nn.Sequential(*[GatedBlock(channels, 2**i) for i in range(4)])
        self.drop = nn.Dropout(0.1)
        self.out = nn.Conv1d(channels, vocab, kernel_size=1)

    def forward(self, ids):
        x = self.blocks(self.embed(ids).transpose(1, 2))
        return self.out(self.drop(x.relu()))


def make(seed=0):
    torch.manual_seed(seed)
    train, val, vocab = data.characters(length=32, count=1600)
    model = CausalNet(vocab)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 7),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 7,
        "metric": "accuracy",
    }
