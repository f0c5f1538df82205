"""The rate is to rise for 25,000 steps, as for a large corpus; the training has 600 of them."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/hirofumi0810/neural_sp/issues/137"
CAUSES = ("lr_low",)

PAD = 10


class TransformerEncoder(nn.Module):
    def __init__(self, vocab=10, d_model=32, n_heads=4, d_ff=64, n_layers=2, max_len=8):
        super().__init__()
        self.scale = math.sqrt(d_model)
        self.embed = nn.Embedding(vocab, d_model)
        nn.init.normal_(self.embed.weight, std=d_model**-0.5)
        pos = torch.arange(max_len)[:, None] * torch.exp(
            torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model)
        )
        pe = torch.stack([pos.sin(), pos.cos()], dim=2).view(max_len, d_model)
        self.register_buffer("pe", pe)
        layer = nn.TransformerEncoderLayer(
            d_model, n_heads, d_ff, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(
            layer, n_layers, norm=nn.LayerNorm(d_model), enable_nested_tensor=False
        )
        self.output = nn.Linear(d_model, vocab)

    def forward(self, xs):
        h = self.embed(xs) * self.scale + self.pe
        return self.output(self.layers(h)).transpose(1, 2)


class NoamScheduler:
    """lr = factor * d_model^-0.5 * min(n^-0.5, n * warmup_n_steps^-1.5)."""

    def __init__(self, optimizer, d_model, warmup_n_steps, factor):
        self.optimizer, self.n = optimizer, 0
        self.base = factor * d_model**-0.5
        self.warmup = warmup_n_steps

    def step(self):
        self.n += 1
        lr = self.base * min(self.n**-0.5, self.n * self.warmup**-1.5)
        for group in self.optimizer.param_groups:
            group["lr"] = lr


def make(seed, warmup_n_steps, factor=1.0):
    torch.manual_seed(seed)
    train, dev = data.reversal(1600)
    model = TransformerEncoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=0, betas=(0.9, 0.98), eps=1e-9)
    scheduler = NoamScheduler(optimizer, 32, warmup_n_steps, factor)

    def train_step(model, optimizer, criterion, xs, ys):
        scheduler.step()
        optimizer.zero_grad()
        loss = criterion(model(xs), ys)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        return loss

    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*dev), batch_size=100),
        "epochs": 16,
        "metric": "accuracy",
        "step": train_step,
    }


def make_faulty(seed=0):
    return make(seed, warmup_n_steps=25000)


def make_fixed(seed=0):
    return make(seed, warmup_n_steps=100, factor=0.25)
