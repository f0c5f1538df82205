"""A siamese network and contrastive loss: are two strides of one person, even of a new one?"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def gaits(people, draws, harmonics=4):
    """Amplitudes and phases of what a person's stride is made of."""
    size = (people, 2, harmonics)
    amplitudes = torch.rand(size, generator=draws) / torch.arange(1, harmonics + 1).sqrt()
    return amplitudes, torch.rand(size, generator=draws) * 2 * math.pi


class Pairs(Dataset):
    def __init__(self, people, n, seed, length=32):
        draws = torch.Generator().manual_seed(seed)
        amplitudes, phases = gaits(people, draws)
        self.same = torch.arange(n) % 2
        first = torch.randint(people, (n,), generator=draws)
        other = (first + torch.randint(1, people, (n,), generator=draws)) % people
        second = torch.where(self.same == 1, first, other)
        t = torch.arange(length) / length * 2 * math.pi
        k = torch.arange(1, amplitudes.size(2) + 1)

        def strides(who):
            begin = 1.2 * torch.rand(n, 1, 1, 1, generator=draws)
            waves = (k[:, None] * (t + begin) + phases[who].unsqueeze(-1)).sin()
            signal = (amplitudes[who].unsqueeze(-1) * waves).sum(2)
            louder = 1 + 0.1 * torch.randn(n, 1, 1, generator=draws)
            return louder * signal + 0.25 * torch.randn(signal.shape, generator=draws)

        self.left, self.right = strides(first), strides(second)

    def __len__(self):
        return len(self.same)

    def __getitem__(self, i):
        return (self.left[i], self.right[i]), self.same[i].float()


class Siamese(nn.Module):
    def __init__(self, size=16):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(2, 16, 5, padding=2, padding_mode="circular"),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.Conv1d(16, 32, 5, stride=2, padding=2, padding_mode="circular"),
            nn.BatchNorm1d(32),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(32 * 16, size),
        )

    def forward(self, left, right):
        return F.pairwise_distance(self.encoder(left), self.encoder(right))


class ContrastiveLoss(nn.Module):
    """Hadsell's: equal ones are pulled together, others are pushed apart up to a margin."""

    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, distance, same):
        apart = F.relu(self.margin - distance)
        return (same * distance.square() + (1 - same) * apart.square()).mean()


def share_of_right_answers(distance, same):
    return float(((distance < 1.0) == (same == 1)).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    model = Siamese()
    train = Pairs(people=1500, n=4000, seed=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return {
        "model": model,
        "loss_fn": ContrastiveLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(Pairs(people=60, n=400, seed=2), batch_size=100),
        "epochs": 10,
        "metric": share_of_right_answers,
    }
