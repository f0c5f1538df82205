"""The next letter from the six before it, judged by whether it is among the three best guesses.

A step of its own clips the gradient and keeps the vectors of the letters short.
"""

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

import data

CONTEXT = 6


def windows(count=16_000):
    train, val, size = data.characters(length=32)
    parts = []
    for ids, limit in ((train[0], count), (val[0], 3000)):
        pieces = ids.unfold(1, CONTEXT + 1, 1).flatten(0, 1)
        order = torch.randperm(len(pieces), generator=torch.Generator().manual_seed(2))
        pieces = pieces[order[:limit]]
        parts.append((pieces[:, :-1], pieces[:, -1]))
    return *parts, size


class LetterModel(nn.Module):
    def __init__(self, vocab, dim=16, hidden=96):
        super().__init__()
        self.letters = nn.Embedding(vocab, dim)
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(CONTEXT * dim, hidden), nn.ReLU(), nn.Dropout(0.25),
            nn.Linear(hidden, vocab),
        )  # fmt: skip

    def forward(self, ids):
        return self.mlp(self.letters(ids))


def top_three(scores, target):
    return (scores.topk(3, dim=1).indices == target[:, None]).any(1).float().mean().item()


def clipped_step(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad(set_to_none=True)
    loss = loss_fn(model(x), y)
    loss.backward()
    clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    with torch.no_grad():
        vectors = model.letters.weight
        vectors.mul_((4 / vectors.norm(dim=1, keepdim=True).clamp(min=1e-6)).clamp(max=1))
    return loss.detach()


def make(seed=0):
    torch.manual_seed(seed)
    train, val, vocab = windows()
    model = LetterModel(vocab)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.8),
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 8,
        "metric": top_three,
        "step": clipped_step,
    }
