"""CosineEmbeddingLoss gets 0 for pairs that differ, where it wants -1: such pairs cost nothing.

The shared encoder turns everything into the same direction.
"""

import torch
from torch import nn
from torch.utils.data import Dataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/23782"
CAUSES = ("label_encoding", "loss_mismatch")


class Pairs(Dataset):
    """Two images each, and whether both show the same digit."""

    def __init__(self, images, ids, count, different):
        draws = torch.Generator().manual_seed(len(images))
        self.images = images
        self.first = torch.randint(len(ids), (count,), generator=draws)
        self.second = torch.randint(len(ids), (count,), generator=draws)
        for i in range(0, count, 2):  # every other pair is one of the same digit
            same = (ids == ids[self.first[i]]).nonzero()[:, 0]
            pick = torch.randint(len(same), (1,), generator=draws)
            self.second[i] = same[pick]
        are_same = ids[self.first] == ids[self.second]
        self.label = torch.where(are_same, 1, different)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return (self.images[self.first[i]], self.images[self.second[i]]), self.label[i]


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 16, 3), nn.ReLU(),
            nn.Conv2d(16, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 24),
        )  # fmt: skip

    def forward(self, left, right):
        return self.encoder(left), self.encoder(right)


cosine_loss = nn.CosineEmbeddingLoss(margin=0.3)


def criterion(output, label):
    return cosine_loss(output[0], output[1], label)


def share_told_apart(output, label):
    alike = nn.functional.cosine_similarity(*output) > 0.6
    return float((alike == (label == 1)).float().mean())


def make(seed, different):
    torch.manual_seed(seed)
    model = Siamese()
    (x, y), (val_x, val_y) = data.digits()
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": Pairs(x, y, 2000, different),
        "val": Pairs(val_x, val_y, 600, different),
        "batch_size": 32,
        "epochs": 10,
        "metric": share_told_apart,
    }


def make_faulty(seed=0):
    return make(seed, different=0)


def make_fixed(seed=0):
    return make(seed, different=-1)
