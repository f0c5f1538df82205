"""Readings at odd times: a GRU whose state fades with the minutes since the last of them."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Ward(Dataset):
    """Pulse curves seen a few times only: is the period short, middling or long?"""

    def __init__(self, n, seed):
        self.g = torch.Generator().manual_seed(seed)
        self.items = [self.patient() for _ in range(n)]

    def patient(self):
        g = self.g
        label = int(torch.randint(0, 3, (1,), generator=g))
        period = (6.0, 10.0, 17.0)[label] * float(0.9 + 0.2 * torch.rand(1, generator=g))
        count = int(torch.randint(14, 25, (1,), generator=g))
        gaps = 0.3 + 2.4 * torch.rand(count, generator=g)
        phase = 2 * math.pi * float(torch.rand(1, generator=g))
        value = torch.sin(2 * math.pi * gaps.cumsum(0) / period + phase)
        value = value + 0.1 * torch.randn(count, generator=g)
        return {"value": value, "gap": gaps}, label

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def collate(items):
    rows, labels = zip(*items, strict=True)
    batch = {
        key: nn.utils.rnn.pad_sequence([row[key] for row in rows], batch_first=True)
        for key in ("value", "gap")
    }
    batch["length"] = torch.tensor([len(row["value"]) for row in rows])
    return batch, torch.tensor(labels)


class GRUDecay(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.cell = nn.GRUCell(3, hidden)
        self.decay = nn.Linear(1, hidden)
        self.head = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 3))

    def forward(self, value, gap, length):
        h = value.new_zeros(len(value), self.cell.hidden_size)
        before = torch.zeros_like(value[:, 0])
        for t in range(value.size(1)):
            delta = gap[:, t, None]
            faded = h * torch.exp(-torch.relu(self.decay(delta)))
            rise = (value[:, t] - before)[:, None]
            step = self.cell(torch.cat([value[:, t, None], rise, delta], dim=1), faded)
            h = torch.where((t < length)[:, None], step, h)
            before = value[:, t]
        return self.head(h)


def make(seed=0):
    torch.manual_seed(seed)
    model = GRUDecay()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_fn(model(**x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10, 2e-4),
        "train": DataLoader(Ward(1200, 61), 32, shuffle=True, collate_fn=collate),
        "val": DataLoader(Ward(400, 62), 100, collate_fn=collate),
        "epochs": 10,
        "metric": "accuracy",
        "step": step,
    }
