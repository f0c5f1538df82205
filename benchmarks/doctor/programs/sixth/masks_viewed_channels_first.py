"""One-hot masks (batch, rows, columns, classes) are viewed as (batch, classes, rows, columns).

The shapes fit and the numbers are the same ones, but they belong to other pixels: it takes a
permute to bring the classes to the front.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/yihong-97/Source-free-IAPC/pull/6"
CAUSES = ("label_encoding",)

N_CLASSES = 3


class Strokes(Dataset):
    """Digits in noise: the ground, the strokes of zeros, the strokes of ones."""

    def __init__(self, pair, permute):
        images, ids = (rows[pair[1] < 2] for rows in pair)
        gen = torch.Generator().manual_seed(len(ids))
        noise = 0.3 * torch.randn(images.shape, generator=gen)
        self.images = (images + noise - 0.15) / 0.4
        ink = (images[:, 0] > 0.4).long()
        self.masks = ink * (1 + ids)[:, None, None]
        self.permute = permute

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.masks[i]

    def collate(self, samples):
        images, masks = map(torch.stack, zip(*samples, strict=True))
        target = F.one_hot(masks, N_CLASSES).float()
        b, h, w, c = target.shape
        if self.permute:
            target = target.permute(0, 3, 1, 2).contiguous()
        else:
            target = target.view(b, c, h, w)
        return images, target


def conv(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU()
    )


class SegNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1, self.enc2, self.enc3 = conv(1, 8), conv(8, 16), conv(16, 32)
        self.wide = nn.Sequential(nn.Flatten(), nn.Linear(32 * 9, 32), nn.ReLU())
        self.dec = conv(8 + 16 + 32, 16)
        self.out = nn.Conv2d(16, N_CLASSES, 1)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.enc2(F.max_pool2d(e1, 2))
        e3 = self.enc3(F.max_pool2d(e2, 2))
        whole = self.wide(e3)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        up = F.interpolate(e2, size=x.shape[2:])
        return self.out(self.dec(torch.cat([e1, up, whole], dim=1)))


def soft_cross_entropy(logits, target):
    return -(target * F.log_softmax(logits, dim=1)).sum(1).mean()


def mean_iou(logits, target):
    pred, true = logits.argmax(1), target.argmax(1)
    scores = []
    for c in range(N_CLASSES):
        both = ((pred == c) & (true == c)).sum().item()
        either = ((pred == c) | (true == c)).sum().item()
        scores.append(both / max(1, either))
    return sum(scores) / N_CLASSES


def make(seed, permute):
    torch.manual_seed(seed)
    train, val = (Strokes(pair, permute) for pair in data.mnist(3600, side=14))
    model = SegNet()
    return {
        "model": model,
        "loss_fn": soft_cross_entropy,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(train, 16, shuffle=True, collate_fn=train.collate),
        "val": DataLoader(val, 300, collate_fn=val.collate),
        "epochs": 8,
        "metric": mean_iou,
    }


def make_faulty(seed=0):
    return make(seed, permute=False)


def make_fixed(seed=0):
    return make(seed, permute=True)
