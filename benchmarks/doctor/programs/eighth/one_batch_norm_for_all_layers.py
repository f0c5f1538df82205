"""One nn.BatchNorm2d serves all convolutions: its running statistics fit none of them.

Batches of training are normalized by their own statistics, so only evaluation is bad.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix/issues/1005"
CAUSES = ("normalization", "train_eval_mode")


class Net(nn.Module):
    def __init__(self, shared, nf=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, nf, 3, padding=1)
        self.conv2 = nn.Conv2d(nf, nf, 3, padding=1)
        self.conv3 = nn.Conv2d(nf, nf, 3, padding=1)
        norm = nn.BatchNorm2d(nf)
        self.norm1 = norm
        self.norm2 = norm if shared else nn.BatchNorm2d(nf)
        self.norm3 = norm if shared else nn.BatchNorm2d(nf)
        self.fc = nn.Linear(nf * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.norm1(self.conv1(x)), 0.2), 2)
        x = F.max_pool2d(F.leaky_relu(self.norm2(self.conv2(x)), 0.2), 2)
        x = F.leaky_relu(self.norm3(self.conv3(x)), 0.2)
        x = F.adaptive_avg_pool2d(x, 2)
        return self.fc(x.flatten(1))


def make(seed, shared):
    torch.manual_seed(seed)
    train, test = data.mnist(2500, side=14)
    net = Net(shared)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*test), batch_size=32),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, shared=True)


def make_fixed(seed=0):
    return make(seed, shared=False)
