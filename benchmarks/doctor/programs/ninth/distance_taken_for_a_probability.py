"""Accuracy rounds the distance of two digits and compares it with 1, which means "same"."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/keras-team/keras/issues/4980"
CAUSES = ("metric",)


def create_pairs(x, y, seed):
    """A pair of one digit and a pair of two for each picture, alternating."""
    g = torch.Generator().manual_seed(seed)
    digit_indices = [torch.where(y == d)[0] for d in range(10)]
    pairs, labels = [], []
    for i in range(len(x)):
        d = int(y[i])
        other = (d + int(torch.randint(1, 10, (1,), generator=g))) % 10
        for label, of in ((1, d), (0, other)):
            idx = digit_indices[of]
            j = idx[torch.randint(len(idx), (1,), generator=g)]
            pairs.append(torch.stack([x[i], x[int(j)]]))
            labels.append(float(label))
    return torch.stack(pairs), torch.tensor(labels)


class PairDataset(Dataset):
    def __init__(self, pair, seed):
        self.pairs, self.labels = create_pairs(*pair, seed)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.pairs[i], self.labels[i]


class SiameseMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.base_network = nn.Sequential(
            nn.Flatten(),
            nn.Linear(196, 128), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(64, 32),
        )  # fmt: skip

    def forward(self, pairs):
        a, b = self.base_network(pairs[:, 0]), self.base_network(pairs[:, 1])
        return F.pairwise_distance(a, b)


def contrastive_loss(y_pred, y_true, margin=1.0):
    far = torch.clamp(margin - y_pred, min=0)
    return torch.mean(y_true * y_pred**2 + (1 - y_true) * far**2)


def binary_accuracy(y_pred, y_true):
    return torch.mean((torch.round(y_pred) == y_true).float()).item()


def compute_accuracy(y_pred, y_true):
    return torch.mean(((y_pred < 0.5) == (y_true == 1)).float()).item()


def make(seed, metric):
    torch.manual_seed(seed)
    train, test = data.mnist(5000, side=14)
    model = SiameseMLP()
    return {
        "model": model,
        "loss_fn": contrastive_loss,
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=1e-3),
        "train": DataLoader(PairDataset(train, 1), batch_size=64, shuffle=True),
        "val": DataLoader(PairDataset(test, 2), batch_size=128),
        "epochs": 8,
        "metric": metric,
    }


def make_faulty(seed=0):
    return make(seed, metric=binary_accuracy)


def make_fixed(seed=0):
    return make(seed, metric=compute_accuracy)
