"""Weights of a character model are drawn by randn: nearly all tanh units are at -1 or 1.

Their slope is zero there, so that the first layer and the vectors of the characters stay.
"""

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = (
    "https://breno.bearblog.dev/the-weights-in-a-study-on-fixing-the-saturated-function"
)
CAUSES = ("saturation", "init")

block_size = 6
n_embd = 12
n_hidden = 120


def build_dataset(text, stoi):
    ids = torch.tensor([stoi[c] for c in text])
    windows = ids.unfold(0, block_size + 1, 1)
    return windows[:, :-1].contiguous(), windows[:, -1].contiguous()


class CharMLP(nn.Module):
    def __init__(self, vocab_size, scale):
        super().__init__()
        fan_in = block_size * n_embd
        gain = (5 / 3) / fan_in**0.5 if scale else 1.0
        self.C = nn.Parameter(torch.randn(vocab_size, n_embd))
        self.W1 = nn.Parameter(torch.randn(fan_in, n_hidden) * gain)
        self.b1 = nn.Parameter(torch.randn(n_hidden) * 0.01)
        self.W2 = nn.Parameter(torch.randn(n_hidden, vocab_size) * 0.01)
        self.b2 = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, x):
        emb = self.C[x]
        hpreact = emb.flatten(1) @ self.W1 + self.b1
        h = torch.tanh(hpreact)
        return h @ self.W2 + self.b2


def make(seed, scale):
    torch.manual_seed(seed)
    text = data.text("timemachine").lower()[:72_000].replace("\n", " ")
    stoi = {c: i for i, c in enumerate(sorted(set(text)))}
    model = CharMLP(len(stoi), scale)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.4, weight_decay=1e-4)
    return {
        "model": model,
        "loss_fn": F.cross_entropy,
        "optimizer": optimizer,
        "train": build_dataset(text[:60_000], stoi),
        "val": build_dataset(text[60_000:], stoi),
        "batch_size": 128,
        "epochs": 8,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [6]),
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, scale=False)


def make_fixed(seed=0):
    return make(seed, scale=True)
