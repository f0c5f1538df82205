"""Squeeze-and-excitation blocks on four classes of CIFAR-10; a clipping step, one cycle."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

CLASSES = (0, 1, 6, 7)  # airplane, automobile, frog, horse
EPOCHS = 14


class SELayer(nn.Module):
    def __init__(self, channel, reduction=4):
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channel, channel // reduction), nn.ReLU(inplace=True),
            nn.Linear(channel // reduction, channel), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x):
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


class SEBlock(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out),
            SELayer(c_out),
        )  # fmt: skip
        self.shortcut = nn.Conv2d(c_in, c_out, 1, stride, bias=False)

    def forward(self, x):
        return torch.relu(self.conv(x) + self.shortcut(x))


class Augmented(Dataset):
    """Images moved by up to two pixels and flipped, where they are for training."""

    def __init__(self, pair, *, training):
        images, ids = pair
        chosen = torch.isin(ids, torch.tensor(CLASSES))
        self.images = (images[chosen] - 0.47) / 0.25
        self.labels = torch.searchsorted(torch.tensor(CLASSES), ids[chosen])
        self.training = training

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img = self.images[i]
        if self.training:
            dy, dx, flip = torch.randint(-2, 3, (3,)).tolist()
            img = nn.functional.pad(img, (2, 2, 2, 2))
            img = img[:, 2 + dy : 18 + dy, 2 + dx : 18 + dx]
            img = img.flip(2) if flip > 0 else img
        return img, self.labels[i]


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.cifar(3000, side=16)
    loader = DataLoader(
        Augmented(train, training=True), batch_size=32, shuffle=True, drop_last=True
    )
    model = nn.Sequential(
        nn.Conv2d(3, 12, 3, 1, 1), nn.ReLU(), SEBlock(12, 24, 2), SEBlock(24, 40, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(40, len(CLASSES)),
    )  # fmt: skip
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=EPOCHS * len(loader) + 1
    )

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=5.0)
        optimizer.step()
        if cycle.last_epoch < cycle.total_steps - 1:
            cycle.step()
        return loss

    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": loader,
        "val": DataLoader(Augmented(val, training=False), batch_size=128),
        "epochs": EPOCHS,
        "metric": "accuracy",
        "step": step,
    }
