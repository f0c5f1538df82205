"""A contrastive loss of one's own takes exp(cosine / 0.01): e to the hundred is infinite."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/huggingface/sentence-transformers/issues/2774"
CAUSES = ("numerics",)


class Captions(Dataset):
    """Three digits side by side, and their names as a caption."""

    def __init__(self, pair, n, seed):
        images, ids = pair
        g = torch.Generator().manual_seed(seed)
        rows = torch.randint(len(ids), (n, 3), generator=g)
        self.images = torch.cat([images[rows[:, i]] for i in range(3)], dim=3)
        self.captions = ids[rows]
        self.number = self.captions @ torch.tensor([100, 10, 1])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return (self.images[i], self.captions[i]), self.number[i]


class ImageTower(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 48, 7, stride=7), nn.BatchNorm2d(48), nn.ReLU(),
            nn.Flatten(), nn.Dropout(0.1),
        )  # fmt: skip
        self.proj = nn.Sequential(nn.Linear(48 * 3, 96), nn.ReLU(), nn.Linear(96, dim))

    def forward(self, image):
        return F.normalize(self.proj(self.convs(image)), dim=1)


class CaptionTower(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.words = nn.Embedding(10, 16)
        self.proj = nn.Sequential(nn.Linear(48, 96), nn.ReLU(), nn.Linear(96, dim))

    def forward(self, words):
        return F.normalize(self.proj(self.words(words).flatten(1)), dim=1)


class TwoTowers(nn.Module):
    def __init__(self, dim=20):
        super().__init__()
        self.image, self.caption = ImageTower(dim), CaptionTower(dim)

    def forward(self, image, words):
        return self.image(image), self.caption(words)


class ContrastiveLoss(nn.Module):
    def __init__(self, temperature=0.01):
        super().__init__()
        self.temperature = temperature

    def forward(self, output, _):
        v, t = output
        scores = torch.exp(v @ t.T / self.temperature)
        p = scores.diag() / scores.sum(dim=1)
        return -torch.log(p).mean()


class StableContrastiveLoss(ContrastiveLoss):
    def forward(self, output, _):
        v, t = output
        return F.cross_entropy(v @ t.T / self.temperature, torch.arange(len(v)))


def recall_at_1(output, number):
    v, t = output
    best = (v @ t.T).argmax(dim=1)
    return (number[best] == number).float().mean().item()


def make(seed, criterion):
    torch.manual_seed(seed)
    train, val = data.mnist(5000, side=14)
    model = TwoTowers()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 8, gamma=0.2),
        "train": DataLoader(Captions(train, 2560, 1), 64, shuffle=True, drop_last=True),
        "val": DataLoader(Captions(val, 300, 2), 100),
        "epochs": 11,
        "metric": recall_at_1,
    }


def make_faulty(seed=0):
    return make(seed, ContrastiveLoss())


def make_fixed(seed=0):
    return make(seed, StableContrastiveLoss())
