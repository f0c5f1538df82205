"""Cards with two or three digits side by side: which are on it? A sigmoid for each."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data


class Cards(Dataset):
    """Digits in a row of three places, one of which may be empty; ten labels of 0 and 1."""

    def __init__(self, pair, n, seed):
        images, digits = pair
        draws = torch.Generator().manual_seed(seed)
        which = torch.randint(len(images), (n, 3), generator=draws)
        shown = torch.ones(n, 3)
        empty = torch.rand(n, generator=draws) < 0.5
        shown[empty, torch.randint(3, (n,), generator=draws)[empty]] = 0
        places = images[which, 0] * shown[:, :, None, None]
        self.cards = torch.cat(places.unbind(1), dim=2)[:, None]
        self.labels = torch.zeros(n, 10)
        self.labels.scatter_add_(1, digits[which], shown).clamp_(max=1)

    def __len__(self):
        return len(self.cards)

    def __getitem__(self, i):
        return (self.cards[i] - 0.13) / 0.31, self.labels[i]


def conv_block(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()
    )


class MultiLabelNet(nn.Module):
    """The largest score over all places of a card counts, for each digit."""

    def __init__(self, n_labels=10):
        super().__init__()
        self.features = nn.Sequential(
            conv_block(1, 12),
            nn.MaxPool2d(2),
            conv_block(12, 24),
            nn.MaxPool2d(2),
            nn.Dropout2d(0.15),
            conv_block(24, 48),
        )
        self.scores = nn.Conv2d(48, n_labels, 3)

    def forward(self, x):
        return self.scores(self.features(x)).amax(dim=(2, 3))


def micro_f1(logits, labels):
    said, true = logits > 0, labels > 0.5
    hits = (said & true).sum()
    return float(2 * hits / (said.sum() + true.sum()).clamp(min=1))


def make(seed=0):
    torch.manual_seed(seed)
    train, test = data.mnist(5000, side=14)
    model = MultiLabelNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
    epochs = 9
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": DataLoader(Cards(train, 2700, seed=1), batch_size=32, shuffle=True),
        "val": DataLoader(Cards(test, 600, seed=2), batch_size=100),
        "epochs": epochs,
        "metric": micro_f1,
    }
