"""PointNet: each point of a cloud goes through the same layers, the largest values count."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data


def clouds(n=900, points=40):
    """Points of a sphere, of a ring and of a cube, moved and scaled a little, with noise."""
    g = torch.Generator().manual_seed(31)
    p = torch.randn(n, points, 3, generator=g)
    ring = p * torch.tensor([1.0, 1.0, 0.1])
    u = 2 * torch.rand(n, points, 3, generator=g) - 1
    shapes = torch.stack([F.normalize(p, dim=2), F.normalize(ring, dim=2), u])
    labels = torch.arange(n) % 3
    scale = 0.8 + 0.4 * torch.rand(n, 1, 1, generator=g)
    cloud = scale * shapes[labels, torch.arange(n)]
    return cloud + 0.1 * torch.randn(cloud.shape, generator=g), labels


class PointNet(nn.Module):
    def __init__(self, k=3):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 32, 1)
        self.conv2 = nn.Conv1d(32, 64, 1)
        self.bn1 = nn.BatchNorm1d(32)
        self.bn2 = nn.BatchNorm1d(64)
        self.fc1 = nn.Linear(64, 32)
        self.fc2 = nn.Linear(32, k)

    def forward(self, x):
        x = x.transpose(2, 1)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = torch.max(x, 2)[0]
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


def make(seed=0):
    torch.manual_seed(seed)
    train, test = data.split(*clouds())
    classifier = PointNet()
    optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3, betas=(0.9, 0.999))
    return {
        "model": classifier,
        "loss_fn": F.nll_loss,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.5),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*test), batch_size=75),
        "epochs": 12,
        "metric": "accuracy",
    }
