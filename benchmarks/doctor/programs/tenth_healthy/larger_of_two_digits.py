"""Two images, one score each by the same network: the larger digit shall score higher."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data


class PairsOfDigits(Dataset):
    """Each image and one of another digit: always the same one, or another each time."""

    def __init__(self, pair, seed=None):
        self.images, self.ids = pair
        self.partners = None
        if seed is not None:
            draws = torch.Generator().manual_seed(seed)
            self.partners = [self.partner(i, draws) for i in range(len(self))]

    def __len__(self):
        return len(self.ids)

    def partner(self, i, draws=None):
        while True:
            j = int(torch.randint(len(self), (), generator=draws))
            if self.ids[i] != self.ids[j]:
                return j

    def __getitem__(self, i):
        j = self.partners[i] if self.partners else self.partner(i)
        is_larger = (self.ids[i] > self.ids[j]).float()
        return (self.images[i], self.images[j]), is_larger


class RankNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(24 * 3 * 3, 48), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(48, 1),
        )  # fmt: skip

    def forward(self, left, right):
        scores = self.score(torch.cat([left, right]))
        left, right = scores.chunk(2)
        return (left - right).squeeze(1)


def share_ordered_well(logits, is_larger):
    return ((logits > 0) == (is_larger > 0.5)).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(3000, side=14)
    model = RankNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [8, 11], gamma=0.3),
        "train": DataLoader(PairsOfDigits(train), batch_size=50, shuffle=True),
        "val": DataLoader(PairsOfDigits(val, seed=2), batch_size=200),
        "epochs": 12,
        "metric": share_ordered_well,
    }
