"""Losses of three heads are put into torch.tensor to be added up: two of them lose their graph.

The first head learns; those of the second and the third digit stay as they were drawn.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/laekov/fastmoe/issues/49"
CAUSES = ("gradient_wiring",)


class Captchas(Dataset):
    """Three digits side by side, put together from small images of digits."""

    def __init__(self, pair, count, seed):
        images, ids = pair
        gen = torch.Generator().manual_seed(seed)
        self.picks = torch.randint(len(ids), (count, 3), generator=gen)
        self.images, self.ids = images, ids

    def __len__(self):
        return len(self.picks)

    def __getitem__(self, i):
        pick = self.picks[i]
        return torch.cat(list(self.images[pick]), dim=-1), self.ids[pick]


class CaptchaNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d((3, 2)),
        )
        self.head1 = nn.Linear(32 * 2 * 10, 10)
        self.head2 = nn.Linear(32 * 2 * 10, 10)
        self.head3 = nn.Linear(32 * 2 * 10, 10)

    def forward(self, x):
        x = self.features(x).flatten(1)
        return self.head1(x), self.head2(x), self.head3(x)


def summed_by_tensor(outputs, target):
    losses = [F.cross_entropy(out, target[:, i]) for i, out in enumerate(outputs)]
    return losses[0] + torch.tensor(losses[1:]).sum()


def summed_by_stack(outputs, target):
    losses = [F.cross_entropy(out, target[:, i]) for i, out in enumerate(outputs)]
    return losses[0] + torch.stack(losses[1:]).sum()


def digits_read(outputs, target):
    hits = [out.argmax(1) == target[:, i] for i, out in enumerate(outputs)]
    return torch.stack(hits).float().mean().item()


def make(seed, loss_fn):
    torch.manual_seed(seed)
    train, val = data.mnist(2000, side=14)
    model = CaptchaNet()
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2),
        "train": DataLoader(Captchas(train, 1800, 1), batch_size=32, shuffle=True),
        "val": DataLoader(Captchas(val, 400, 2), batch_size=200),
        "epochs": 6,
        "metric": digits_read,
    }


def make_faulty(seed=0):
    return make(seed, summed_by_tensor)


def make_fixed(seed=0):
    return make(seed, summed_by_stack)
