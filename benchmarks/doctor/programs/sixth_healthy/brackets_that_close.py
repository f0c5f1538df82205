"""Do the brackets of a string match? An LSTM reads strings of all lengths, packed."""

import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

TOKENS = {c: i for i, c in enumerate(" ()[]")}


def balanced(rng, pairs):
    """A random string in which brackets match."""
    text, stack = "", []
    while pairs or stack:
        if pairs and (not stack or rng.random() < 0.5):
            kind = rng.choice(["()", "[]"])
            text, pairs = text + kind[0], pairs - 1
            stack.append(kind[1])
        else:
            text += stack.pop()
    return text


def matches(text):
    while "()" in text or "[]" in text:
        text = text.replace("()", "").replace("[]", "")
    return not text


def strings(count, seed):
    """Half of them match; in the others, two brackets were exchanged, and they do not."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        text = balanced(rng, rng.randint(2, 6))
        while i % 2 and matches(text):
            letters = list(text)
            one, two = rng.sample(range(len(text)), 2)
            letters[one], letters[two] = letters[two], letters[one]
            text = "".join(letters)
        rows.append((torch.tensor([TOKENS[c] for c in text]), float(i % 2 == 0)))
    return rows


def collate(rows):
    texts, labels = zip(*rows, strict=True)
    lengths = torch.tensor([len(text) for text in texts])
    return (pad_sequence(texts, batch_first=True), lengths), torch.tensor(labels)


class Reader(nn.Module):
    def __init__(self, dim=12, hidden=40):
        super().__init__()
        self.embed = nn.Embedding(len(TOKENS), dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids), lengths, batch_first=True, enforce_sorted=False
        )
        _, (h, _) = self.lstm(packed)
        return self.out(h[-1]).squeeze(1)


def accuracy(logits, labels):
    return ((logits > 0) == (labels > 0.5)).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    model, epochs = Reader(), 8
    loader = DataLoader(strings(2400, 1), 32, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "train": loader,
        "val": DataLoader(strings(600, 2), 200, collate_fn=collate),
        "epochs": epochs,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "metric": accuracy,
    }
