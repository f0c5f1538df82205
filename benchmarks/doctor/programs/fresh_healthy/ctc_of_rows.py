"""Two or three digits side by side, read from left to right; CTC finds which part is which."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv1d(8, 64, 7, padding=3), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Conv1d(64, 64, 5, stride=2, padding=2), nn.BatchNorm1d(64), nn.ReLU(),
        )  # fmt: skip
        self.out = nn.Linear(64, 11)

    def forward(self, x):
        return self.out(self.convs(x).transpose(1, 2)).log_softmax(-1)


def ctc(out, text):
    lengths = (text > 0).sum(1)
    steps = torch.full((len(out),), out.shape[1])
    return F.ctc_loss(out.transpose(0, 1), text, steps, lengths, zero_infinity=True)


def read_right(out, text):
    right = 0
    for best, wanted in zip(out.argmax(-1).tolist(), text.tolist(), strict=True):
        kept = [b for a, b in zip([0, *best], best, strict=False) if b and b != a]
        right += kept == [k for k in wanted if k]
    return right / len(text)


def strips(pair, count, seed):
    """Images (8, 24) with gaps of nothing, and their digits from 1 to 10, 0 for none."""
    x, y = pair
    g = torch.Generator().manual_seed(seed)
    who = torch.randint(len(x), (count, 3), generator=g)
    images, text = x[who].view(count, 3, 8, 8), y[who] + 1
    is_short = torch.rand(count, generator=g) < 0.5
    images[is_short, 2], text[is_short, 2] = 0, 0
    return images.permute(0, 2, 1, 3).reshape(count, 8, 24), text


def make(seed=0):
    torch.manual_seed(seed)
    model = Reader()
    train, val = data.digits()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {
        "model": model,
        "loss_fn": ctc,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12),
        "train": strips(train, 1200, 1),
        "val": strips(val, 200, 2),
        "batch_size": 24,
        "epochs": 12,
        "metric": read_right,
    }
