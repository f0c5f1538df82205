"""Numbers on meters are read with CTC, whose blank is class 0, and the digit 0 is class 0, too.

The labels lost the 1 that was added to them: no number with a zero in it is ever read.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/apache/mxnet/pull/7727"
CAUSES = ("label_encoding",)

BLANK = 0


def get_label(buf, add):
    ret = [0] * len(buf)
    for i in range(len(buf)):
        ret[i] = add + int(buf[i])
    return ret


class MeterReadings(Dataset):
    """Two to four scanned digits in a row on a strip of 12 x 40, with some gaps and noise."""

    def __init__(self, scans, ids, size, add, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(size):
            n = int(torch.randint(2, 5, (1,), generator=g))
            strip = 0.1 * torch.rand(12, 40, generator=g)
            left, buf = 0, ""
            for _ in range(n):
                k = int(torch.randint(len(scans), (1,), generator=g))
                left += int(torch.randint(0, 3, (1,), generator=g))
                top = int(torch.randint(0, 5, (1,), generator=g))
                strip[top : top + 8, left : left + 8] += scans[k].view(8, 8)
                left += 8
                buf += str(int(ids[k]))
            self.items.append((strip.clamp(max=1)[None], torch.tensor(get_label(buf, add))))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    images, labels = zip(*batch, strict=True)
    return torch.stack(images), nn.utils.rnn.pad_sequence(labels, True, padding_value=-1)


class Reader(nn.Module):
    def __init__(self, nclass, nh=64):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(True),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(True),
            nn.MaxPool2d((2, 1)),
        )  # fmt: skip
        self.sequence = nn.Sequential(
            nn.Conv1d(32 * 3, nh, 5, padding=2), nn.BatchNorm1d(nh), nn.ReLU(True)
        )
        self.embedding = nn.Linear(nh, nclass)

    def forward(self, x):
        conv = self.cnn(x).permute(0, 3, 1, 2).flatten(2)
        return self.embedding(self.sequence(conv.transpose(1, 2)).transpose(1, 2))


def ctc_loss(preds, labels):
    lengths = (labels >= 0).sum(1)
    steps = torch.full((len(preds),), preds.size(1), dtype=torch.long)
    log_probs = F.log_softmax(preds, 2).transpose(0, 1)
    return F.ctc_loss(log_probs, labels.clamp(min=0), steps, lengths, blank=BLANK)


def whole_numbers_right(preds, labels):
    hits = 0
    for path, label in zip(preds.argmax(2), labels, strict=True):
        path = torch.unique_consecutive(path)
        hits += path[path != BLANK].tolist() == label[label >= 0].tolist()
    return hits / len(labels)


def make(seed, add):
    torch.manual_seed(seed)
    train, test = data.digits()
    model = Reader(nclass=10 + add)
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
    return {
        "model": model,
        "loss_fn": ctc_loss,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 6, gamma=0.2),
        "train": DataLoader(
            MeterReadings(*train, 1600, add, seed=1), 32, shuffle=True, collate_fn=collate
        ),
        "val": DataLoader(MeterReadings(*test, 300, add, seed=2), 50, collate_fn=collate),
        "epochs": 8,
        "metric": whole_numbers_right,
    }


def make_faulty(seed=0):
    return make(seed, add=0)


def make_fixed(seed=0):
    return make(seed, add=1)
