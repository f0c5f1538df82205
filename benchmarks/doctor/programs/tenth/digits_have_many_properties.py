"""A digit is even, prime, a square at once; the loss is the one for exclusive classes."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://discuss.pytorch.org/t/using-bcewithlogisloss-for-multi-label-classification/67011"
CAUSES = ("loss_mismatch",)

PROPERTIES = {
    "even": {0, 2, 4, 6, 8},
    "prime": {2, 3, 5, 7},
    "square": {0, 1, 4, 9},
    "above four": {5, 6, 7, 8, 9},
    "multiple of three": {0, 3, 6, 9},
    "has a loop": {0, 6, 8, 9},
}


class DigitProperties(Dataset):
    def __init__(self, rows):
        pixels, digits = load_digits(return_X_y=True)
        self.pixels = (pixels[rows] / 16).astype(np.float32)
        self.labels = np.array(
            [
                [d in digits_with for digits_with in PROPERTIES.values()]
                for d in digits[rows]
            ],
            dtype=np.float32,
        )

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, i):
        return self.pixels[i], self.labels[i]


class Tagger(nn.Module):
    def __init__(self, n_features=64, n_labels=6):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Linear(n_features, 96),
            nn.BatchNorm1d(96),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(96, 48),
            nn.ReLU(),
        )
        self.head = nn.Linear(48, n_labels)

    def forward(self, x):
        return self.head(self.backbone(x))


def exact_match(logits, labels):
    """The share of digits all of whose properties are right."""
    predicted = torch.sigmoid(logits) > 0.5
    return (predicted == (labels > 0.5)).all(dim=1).float().mean().item()


def make(seed, criterion):
    torch.manual_seed(seed)
    rows = np.random.RandomState(6).permutation(1797)
    model = Tagger()
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": DataLoader(DigitProperties(rows[:1350]), batch_size=32, shuffle=True),
        "val": DataLoader(DigitProperties(rows[1350:]), batch_size=149),
        "epochs": 20,
        "metric": exact_match,
    }


def make_faulty(seed=0):
    return make(seed, nn.CrossEntropyLoss())


def make_fixed(seed=0):
    return make(seed, nn.BCEWithLogitsLoss())
