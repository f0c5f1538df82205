"""Triplets: a digit somewhere in a picture is nearer to one of its kind than to another."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data


def somewhere(image, draws, side=20):
    """The picture at a place of its own on a larger, empty ground."""
    room = side - image.shape[-1]
    left, top = torch.randint(room + 1, (2,), generator=draws).tolist()
    return F.pad(image, (left, room - left, top, room - top))


class Triplets(Dataset):
    """An anchor, a positive of its class and a negative of another; there is no target.

    They are drawn anew each time they are asked for, but for validation.
    """

    def __init__(self, pair, fixed=False):
        self.images, self.ids = pair
        self.of_class = [torch.where(self.ids == k)[0] for k in range(10)]
        self.fixed = fixed

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        draws = torch.Generator().manual_seed(i) if self.fixed else None

        def draw(n):
            return int(torch.randint(n, (1,), generator=draws))

        a = int(self.ids[i])
        same = self.of_class[a][self.of_class[a] != i]
        others = self.of_class[(a + 1 + draw(9)) % 10]
        triplet = (i, same[draw(len(same))], others[draw(len(others))])
        return torch.stack([somewhere(self.images[j], draws) for j in triplet]), 0.0


class EmbeddingNet(nn.Module):
    def __init__(self, size=16):
        super().__init__()
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.PReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.PReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 32, 3), nn.BatchNorm2d(32), nn.PReLU(), nn.AdaptiveMaxPool2d(2),
        )  # fmt: skip
        self.fc = nn.Linear(32 * 4, size)

    def forward(self, x):
        return self.fc(self.convnet(x).flatten(1))


class TripletNet(nn.Module):
    def __init__(self, embedding_net):
        super().__init__()
        self.embedding_net = embedding_net

    def forward(self, triplets):
        vectors = self.embedding_net(triplets.flatten(0, 1))
        return F.normalize(vectors, dim=1).unflatten(0, (-1, 3))


def triplet_loss(vectors, _):
    return F.triplet_margin_loss(*vectors.unbind(1), margin=0.5)


def share_of_right_orders(vectors, _):
    anchor, positive, negative = vectors.unbind(1)
    near = F.pairwise_distance(anchor, positive)
    return float((near < F.pairwise_distance(anchor, negative)).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, test = data.mnist(1600, side=14)
    model = TripletNet(EmbeddingNet())
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    epochs = 8
    return {
        "model": model,
        "loss_fn": triplet_loss,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": DataLoader(Triplets(train), batch_size=40, shuffle=True),
        "val": DataLoader(Triplets(test, fixed=True), batch_size=100),
        "epochs": epochs,
        "metric": share_of_right_orders,
    }
