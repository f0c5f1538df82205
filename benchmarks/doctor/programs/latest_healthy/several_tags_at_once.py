"""Four tags for a picture, any of which may hold: a sigmoid for each, and the F1 score."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

TAGS = {
    "even": [0, 2, 4, 6, 8],
    "has a loop": [0, 6, 8, 9],
    "large": [6, 7, 8, 9],
    "prime": [2, 3, 5, 7],
}


class TaggedDigits(Dataset):
    def __init__(self, pair):
        self.pixels, ids = pair
        columns = [np.isin(ids.numpy(), members) for members in TAGS.values()]
        self.tags = torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))

    def __len__(self):
        return len(self.tags)

    def __getitem__(self, index):
        return self.pixels[index], self.tags[index]


def f1_micro(logits, target):
    pred = torch.sigmoid(logits) >= 0.5
    truth = target.bool()
    hits = (pred & truth).sum().item()
    return 2 * hits / max(1, pred.sum().item() + truth.sum().item())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = nn.Sequential(
        nn.Linear(64, 64),
        nn.LeakyReLU(0.1),
        nn.Dropout(0.25),
        nn.Linear(64, 32),
        nn.LeakyReLU(0.1),
        nn.Linear(32, len(TAGS)),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [10, 16], gamma=0.3),
        "train": DataLoader(TaggedDigits(train), batch_size=32, shuffle=True),
        "val": DataLoader(TaggedDigits(val), batch_size=150),
        "epochs": 20,
        "metric": f1_micro,
    }
