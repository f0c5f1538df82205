"""A Dataset of dicts: two digits in a picture, and a question in words about them."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

QUESTIONS = ("is left larger", "is right larger", "is left even", "is right even")
WORDS = {w: i for i, w in enumerate(sorted({w for q in QUESTIONS for w in q.split()}))}


class AskedPictures(Dataset):
    def __init__(self, pair, n, seed):
        images, ids = pair
        g = torch.Generator().manual_seed(seed)
        self.left, self.right = torch.randint(len(ids), (2, n), generator=g)
        self.question = torch.randint(len(QUESTIONS), (n,), generator=g)
        self.images = (images - 0.13) / 0.31
        a, b = ids[self.left], ids[self.right]
        answers = torch.stack([a > b, b > a, a % 2 == 0, b % 2 == 0], dim=1)
        self.answer = answers.gather(1, self.question[:, None]).float()
        self.words = torch.tensor([[WORDS[w] for w in q.split()] for q in QUESTIONS])

    def __len__(self):
        return len(self.question)

    def __getitem__(self, index):
        pair = self.images[self.left[index]], self.images[self.right[index]]
        sample = {
            "image": torch.cat(pair, dim=2),
            "words": self.words[self.question[index]],
        }
        return sample, self.answer[index]


class Answers(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 4 * 7, 96),
        )  # fmt: skip
        self.words = nn.Embedding(len(WORDS), 12)
        self.gates = nn.Linear(36, 96)
        self.head = nn.Sequential(
            nn.Linear(96 + 36, 96), nn.ReLU(), nn.Dropout(0.4), nn.Linear(96, 1)
        )

    def forward(self, image, words):
        asked = self.words(words).flatten(1)
        seen = F.relu(self.convs(image)) * torch.sigmoid(self.gates(asked))
        return self.head(torch.cat([seen, asked], dim=1))


def right_answers(logits, answer):
    return ((logits > 0) == (answer > 0.5)).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(6000, side=14)
    model = Answers()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.03)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 3, gamma=0.3),
        "train": DataLoader(AskedPictures(train, 6000, 1), batch_size=48, shuffle=True),
        "val": DataLoader(AskedPictures(val, 800, 2), batch_size=200),
        "epochs": 5,
        "metric": right_answers,
    }
