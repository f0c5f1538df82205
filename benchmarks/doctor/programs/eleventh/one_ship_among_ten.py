"""One photograph in ten is a ship and all count alike: the answer is nearly always no."""

import torch
import torch.nn as nn
import torch.nn.functional as F

import data

SOURCE = "https://datascience.stackexchange.com/questions/19283/why-mlp-only-learns-bias-for-unbalanced-binary-classification"
CAUSES = ("class_imbalance",)


class ShipDetector(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 24, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.3),
        )
        self.out = nn.Linear(24 * 4 * 4, 1)

    def forward(self, x):
        return self.out(self.features(x).flatten(1)).squeeze(1)


def ships(pair):
    images, ids = pair
    return (images - 0.5) / 0.25, (ids == 8).float()


def balanced_accuracy(logits, is_ship):
    said = logits > 0
    recall = said[is_ship == 1].float().mean()
    specificity = (~said[is_ship == 0]).float().mean()
    return ((recall + specificity) / 2).item()


def make(seed, pos_weight=None):
    torch.manual_seed(seed)
    train, val = data.cifar(2600, side=16)
    model = ShipDetector()

    def criterion(logits, is_ship):
        return F.binary_cross_entropy_with_logits(logits, is_ship, pos_weight=pos_weight)

    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-4),
        "train": ships(train),
        "val": ships(val),
        "batch_size": 64,
        "epochs": 18,
        "metric": balanced_accuracy,
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, pos_weight=torch.tensor(9.0))
