"""Scores of (batch, class, row, column) are flattened to (-1, class) with no permute before.

Each row of the flat scores then mixes pixels with classes, and no error tells so.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/weirme/FCSN/issues/32"
CAUSES = ("shape_broadcast", "label_encoding", "other")

N_CLASS = 3


def with_ring(pair):
    """Three classes: ground, the disk, and its rim."""
    images, inside = pair
    core = -F.max_pool2d(-inside[:, None].float(), 3, stride=1, padding=1)[:, 0]
    return TensorDataset(images, inside + core.long())


class FCN(nn.Module):
    def __init__(self, n_class=N_CLASS, width=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 5, padding=2)
        self.conv2 = nn.Conv2d(width, width, 5, padding=2)
        self.conv3 = nn.Conv2d(width, width, 3, padding=1)
        self.score = nn.Conv2d(width, n_class, 1)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.conv3(x))
        return self.score(x)


def loss_without_permute(pred_score, label):
    log_p = F.log_softmax(pred_score, dim=1).reshape(-1, N_CLASS)
    return F.nll_loss(log_p, label.view(-1))


def loss_with_permute(pred_score, label):
    log_p = F.log_softmax(pred_score, dim=1).permute(0, 2, 3, 1).reshape(-1, N_CLASS)
    return F.nll_loss(log_p, label.view(-1))


def mean_iou(score, label):
    pred = score.argmax(1)
    ious = []
    for c in range(N_CLASS):
        inter = ((pred == c) & (label == c)).sum().item()
        union = ((pred == c) | (label == c)).sum().item()
        ious.append(inter / max(union, 1))
    return sum(ious) / N_CLASS


def make(seed, loss_fn):
    torch.manual_seed(seed)
    net = FCN()
    train, val = data.blobs_to_segment()
    return {
        "model": net,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.Adam(net.parameters(), lr=4e-3),
        "train": DataLoader(with_ring(train), batch_size=12, shuffle=True),
        "val": DataLoader(with_ring(val), batch_size=12),
        "epochs": 20,
        "metric": mean_iou,
    }


def make_faulty(seed=0):
    return make(seed, loss_without_permute)


def make_fixed(seed=0):
    return make(seed, loss_with_permute)
