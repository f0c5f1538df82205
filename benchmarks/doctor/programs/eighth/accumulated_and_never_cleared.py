"""A recipe accumulates gradients over four small batches, steps, and forgets to clear them.

Every step takes the sum of all gradients since the start of training.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/meta-pytorch/torchforge/pull/71"
CAUSES = ("zero_grad_missing",)


class Recipe:
    """One micro-batch at a time, as fine-tuning recipes do it."""

    def __init__(self, accumulate=4, clear=True):
        self.accumulate, self.clear = accumulate, clear
        self.seen = 0

    def train_step(self, model, optimizer, loss_fn, tokens, labels):
        loss = loss_fn(model(tokens), labels)
        (loss / self.accumulate).backward()
        self.seen += 1
        if self.seen % self.accumulate == 0:
            optimizer.step()
            if self.clear:
                optimizer.zero_grad(set_to_none=True)
        return loss.detach()


class Decoder(nn.Module):
    """A causal convolutional language model on characters."""

    def __init__(self, vocab, dim=48, kernel=4):
        super().__init__()
        self.tok_embeddings = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList(nn.Conv1d(dim, dim, kernel) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.output = nn.Linear(dim, vocab)
        self.pad = kernel - 1

    def forward(self, tokens):
        h = self.tok_embeddings(tokens)
        for conv, norm in zip(self.layers, self.norms, strict=True):
            past = F.pad(norm(h).transpose(1, 2), (self.pad, 0))
            h = h + F.gelu(conv(past)).transpose(1, 2)
        return self.output(h)


def next_token_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def next_token_accuracy(logits, labels):
    return float((logits.argmax(-1) == labels).float().mean())


def make(seed, clear):
    torch.manual_seed(seed)
    train, val, vocab = data.characters(length=32, count=1200)
    model = Decoder(vocab)
    return {
        "model": model,
        "loss_fn": next_token_loss,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9),
        "train": DataLoader(
            TensorDataset(*train), batch_size=4, shuffle=True, drop_last=True
        ),
        "val": DataLoader(TensorDataset(*val), batch_size=50),
        "epochs": 8,
        "metric": next_token_accuracy,
        "step": Recipe(clear=clear).train_step,
    }


def make_faulty(seed=0):
    return make(seed, clear=False)


def make_fixed(seed=0):
    return make(seed, clear=True)
