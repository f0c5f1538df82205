"""A network embeds digits so that two of a kind are nearer than one of another kind."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data


class Triplets(Dataset):
    """Anchor, one of the same digit, one of another digit; drawn once and kept."""

    def __init__(self, pair, count, seed):
        self.images, ids = pair
        draws = torch.Generator().manual_seed(seed)
        of_digit = [(ids == digit).nonzero()[:, 0] for digit in range(10)]

        def one_of(digit):
            members = of_digit[digit]
            return int(members[torch.randint(len(members), (), generator=draws)])

        self.rows = []
        for _ in range(count):
            digit, step = torch.randint(9, (2,), generator=draws).tolist()
            other = (digit + 1 + step) % 10
            self.rows.append([one_of(digit), one_of(digit), one_of(other)])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.images[self.rows[i]], 0


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(24 * 3 * 3, 32),
        )  # fmt: skip

    def forward(self, triplets):
        vectors = F.normalize(self.features(triplets.flatten(0, 1)), dim=1)
        return vectors.unflatten(0, triplets.shape[:2])


def right_triplets(vectors, _):
    anchor, positive, negative = vectors.unbind(1)
    near = (anchor - positive).square().sum(1)
    return float((near < (anchor - negative).square().sum(1)).float().mean())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(2000, side=14)
    criterion = nn.TripletMarginLoss(margin=0.5)
    model = Embedder()
    return {
        "model": model,
        "loss_fn": lambda vectors, _: criterion(*vectors.unbind(1)),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(Triplets(train, 2000, 1), batch_size=32, shuffle=True),
        "val": DataLoader(Triplets(val, 600, 2), batch_size=200),
        "epochs": 10,
        "metric": right_triplets,
    }
