"""A text classifier in the manner of fastText reads its file in order: label after label."""

import re
import zlib

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/facebookresearch/fastText/issues/74"
CAUSES = ("shuffle",)

BUCKET = 3000


def words(line):
    return re.findall(r"[a-z']+", line.lower())


def read_lines(first, last, length=14):
    lines = []
    for label, name in enumerate(["tinyshakespeare", "timemachine"]):
        book = words(data.text(name))[2000:]
        for i in range(first, last):
            text = " ".join(book[i * length : (i + 1) * length])
            lines.append(f"__label__{label} {text}")
    return lines


class Lines(Dataset):
    def __init__(self, lines):
        self.lines = lines

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, i):
        label, text = self.lines[i].split(" ", 1)
        ids = [zlib.crc32(w.encode()) % BUCKET for w in text.split()]
        return torch.tensor(ids), int(label[-1])


class FastText(nn.Module):
    def __init__(self, dim=20, n_labels=2):
        super().__init__()
        self.input = nn.EmbeddingBag(BUCKET, dim, mode="mean")
        self.output = nn.Linear(dim, n_labels)
        nn.init.uniform_(self.input.weight, -1 / dim, 1 / dim)

    def forward(self, ids):
        return self.output(self.input(ids))


def make(seed, shuffle):
    torch.manual_seed(seed)
    model = FastText()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=1.0),
        "train": DataLoader(Lines(read_lines(0, 600)), batch_size=8, shuffle=shuffle),
        "val": DataLoader(Lines(read_lines(600, 800)), batch_size=100),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, shuffle=False)


def make_fixed(seed=0):
    return make(seed, shuffle=True)
