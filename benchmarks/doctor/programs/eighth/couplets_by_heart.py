"""A small GPT reads a few pages again and again: its validation loss falls first, then rises.

The passes over the text were chosen by the loss on that text, which goes on falling. It takes
more pages and fewer passes.
"""

import math

import torch
import torch.nn as nn
from torch.nn import functional as F

import data

SOURCE = "https://github.com/codetiger/ThiruvalluvarGPT/issues/4"
CAUSES = ("overfitting",)

block_size = 24


def read_pages(train_size, val_size=5_000):
    text = "".join(
        c for c in data.text("tinyshakespeare").lower() if c.isalpha() or c in " \n"
    )
    chars = sorted(set(text))
    stoi = {ch: i for i, ch in enumerate(chars)}
    ids = torch.tensor([stoi[c] for c in text[: val_size + train_size]])
    return blocks(ids[val_size:]), blocks(ids[:val_size]), len(chars)


def blocks(ids):
    starts = range(0, len(ids) - block_size - 1, block_size)
    x = torch.stack([ids[i : i + block_size] for i in starts])
    y = torch.stack([ids[i + 1 : i + block_size + 1] for i in starts])
    return x, y


class Block(nn.Module):
    def __init__(self, n_embd, n_head, dropout):
        super().__init__()
        self.ln1 = nn.LayerNorm(n_embd)
        self.attn = nn.MultiheadAttention(n_embd, n_head, dropout=dropout, batch_first=True)
        self.ln2 = nn.LayerNorm(n_embd)
        self.mlp = nn.Sequential(
            nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd),
            nn.Dropout(dropout),
        )  # fmt: skip
        mask = torch.ones(block_size, block_size).triu(1).bool()
        self.register_buffer("mask", mask)

    def forward(self, x):
        t = x.size(1)
        h = self.ln1(x)
        h, _ = self.attn(h, h, h, attn_mask=self.mask[:t, :t], need_weights=False)
        x = x + h
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab_size, n_embd=64, n_head=4, n_layer=1, dropout=0.0):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.wpe = nn.Embedding(block_size, n_embd)
        self.drop = nn.Dropout(dropout)
        self.h = nn.Sequential(*[Block(n_embd, n_head, dropout) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False)
        nn.init.normal_(self.wte.weight, std=0.5)
        nn.init.normal_(self.wpe.weight, std=0.5)
        nn.init.normal_(self.lm_head.weight, std=0.02)

    def forward(self, idx):
        x = self.wte(idx) + self.wpe(torch.arange(idx.size(1)))
        return self.lm_head(self.ln_f(self.h(self.drop(x))))


def loss_of_tokens(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def nats_saved(logits, targets):
    """What a character costs less than by a uniform guess."""
    return math.log(logits.size(-1)) - float(loss_of_tokens(logits, targets))


def make(seed, train_size, max_epochs, dropout):
    torch.manual_seed(seed)
    train_data, val_data, vocab_size = read_pages(train_size)
    model = GPT(vocab_size, dropout=dropout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3, weight_decay=0.01)
    return {
        "model": model,
        "loss_fn": loss_of_tokens,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max_epochs),
        "train": train_data,
        "val": val_data,
        "batch_size": 16,
        "epochs": max_epochs,
        "metric": nats_saved,
    }


def make_faulty(seed=0):
    return make(seed, train_size=7_000, max_epochs=30, dropout=0.0)


def make_fixed(seed=0):
    return make(seed, train_size=42_000, max_epochs=10, dropout=0.1)
