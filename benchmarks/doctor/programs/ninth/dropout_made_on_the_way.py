"""nn.Dropout is made in forward, where it is used: such a new layer is always in training mode.

A captcha is then read with half of the hidden units missing, in the test as well.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/RUCAIBox/RecBole/pull/1946"
CAUSES = ("train_eval_mode",)

LENGTH, CLASSES = 2, 10


def captchas(pair, count, seed):
    """Two scanned digits side by side, with a line of ink through them."""
    scans, ids = pair
    g = torch.Generator().manual_seed(seed)
    picked = torch.randint(len(scans), (count, LENGTH), generator=g)
    rows = scans[picked].view(count, LENGTH, 8, 8).permute(0, 2, 1, 3)
    images = rows.reshape(count, 1, 8, 8 * LENGTH).clone()
    line = torch.randint(2, 6, (count,), generator=g)
    images[torch.arange(count), 0, line] += 0.2
    return TensorDataset(images, ids[picked])


class CaptchaNet(nn.Module):
    def __init__(self, drop_rate=0.5):
        super().__init__()
        self.drop_rate = drop_rate
        self.conv1 = nn.Conv2d(1, 12, 3)
        self.conv2 = nn.Conv2d(12, 16, 3, stride=(1, 2))
        self.fc1 = nn.Linear(16 * 4 * 6, 96)
        self.fc2 = nn.Linear(96, LENGTH * CLASSES)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = nn.Dropout(self.drop_rate / 2)(x.flatten(1))
        x = F.relu(self.fc1(x))
        x = nn.Dropout(self.drop_rate)(x)
        return self.fc2(x).view(-1, LENGTH, CLASSES)


class CaptchaNetFixed(CaptchaNet):
    def __init__(self, drop_rate=0.5):
        super().__init__(drop_rate)
        self.dropout1 = nn.Dropout(drop_rate / 2)
        self.dropout2 = nn.Dropout(drop_rate)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout1(x.flatten(1))
        x = F.relu(self.fc1(x))
        x = self.dropout2(x)
        return self.fc2(x).view(-1, LENGTH, CLASSES)


def criterion(output, labels):
    return F.cross_entropy(output.flatten(0, 1), labels.flatten())


def solved(output, labels):
    return float((output.argmax(2) == labels).all(1).float().mean())


def make(seed, net):
    torch.manual_seed(seed)
    train, test = data.digits()
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=9, gamma=0.2),
        "train": DataLoader(captchas(train, 4000, seed=1), batch_size=50, shuffle=True),
        "val": DataLoader(captchas(test, 500, seed=2), batch_size=100),
        "epochs": 12,
        "metric": solved,
    }


def make_faulty(seed=0):
    return make(seed, CaptchaNet)


def make_fixed(seed=0):
    return make(seed, CaptchaNetFixed)
