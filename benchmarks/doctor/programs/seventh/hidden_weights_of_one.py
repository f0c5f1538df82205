"""A model of characters whose hidden weights are torch.randn: each tanh says 1 or -1."""

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = (
    "https://breno.bearblog.dev/the-weights-in-a-study-on-fixing-the-saturated-function"
)
CAUSES = ("saturation", "init")

BLOCK_SIZE = 6


def build_dataset(text):
    chars = sorted(set(text))
    stoi = {c: i for i, c in enumerate(chars)}
    ids = torch.tensor([stoi[c] for c in text])
    windows = ids.unfold(0, BLOCK_SIZE + 1, 1)
    return windows[:, :-1], windows[:, -1], len(chars)


class MLP(nn.Module):
    def __init__(self, vocab_size, gain, n_embd=10, n_hidden=100):
        super().__init__()
        fan_in = n_embd * BLOCK_SIZE
        scale1 = gain / fan_in**0.5 if gain else 1.0
        scale2 = gain / n_hidden**0.5 if gain else 1.0
        self.C = nn.Parameter(torch.randn(vocab_size, n_embd))
        self.W1 = nn.Parameter(torch.randn(fan_in, n_hidden) * scale1)
        self.b1 = nn.Parameter(torch.randn(n_hidden) * 0.01)
        self.W2 = nn.Parameter(torch.randn(n_hidden, n_hidden) * scale2)
        self.b2 = nn.Parameter(torch.randn(n_hidden) * 0.01)
        self.W3 = nn.Parameter(torch.randn(n_hidden, vocab_size) * 0.01)
        self.b3 = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, x):
        emb = self.C[x].flatten(1)
        h = torch.tanh(emb @ self.W1 + self.b1)
        h = torch.tanh(h @ self.W2 + self.b2)
        return h @ self.W3 + self.b3


def make(seed, gain):
    torch.manual_seed(seed)
    story = "".join(c for c in data.text("timemachine").lower() if c.isalpha() or c == " ")
    x, y, vocab_size = build_dataset(story[:70_000])
    n = int(0.85 * len(x))
    model = MLP(vocab_size, gain)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return {
        "model": model,
        "loss_fn": F.cross_entropy,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 5, gamma=0.1),
        "train": (x[:n], y[:n]),
        "val": (x[n:], y[n:]),
        "batch_size": 64,
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, gain=None)


def make_fixed(seed=0):
    return make(seed, gain=5 / 3)
