"""An AlexNet gets the default rate of a script for ResNets, 0.1, but it has no batch norm."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/vision/pull/1998"
CAUSES = ("lr_high",)


def get_args(argv=()):
    parser = argparse.ArgumentParser(description="Classification training")
    parser.add_argument("-b", "--batch-size", default=16, type=int)
    parser.add_argument("--epochs", default=12, type=int)
    parser.add_argument("--lr", default=0.1, type=float, help="initial learning rate")
    parser.add_argument("--momentum", default=0.9, type=float)
    parser.add_argument("--wd", "--weight-decay", default=1e-4, type=float)
    return parser.parse_args(argv)


class AlexNet(nn.Module):
    def __init__(self, num_classes=10, dropout=0.2):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=2),
            nn.Conv2d(16, 32, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 24, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(24 * 9, 96),
            nn.ReLU(inplace=True),
            nn.Linear(96, 96),
            nn.ReLU(inplace=True),
            nn.Linear(96, num_classes),
        )

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


def main(args, seed):
    torch.manual_seed(seed)
    (x, y), (val_x, val_y) = data.mnist(1500, side=14)
    mean, std = x.mean(), x.std()
    train_set = TensorDataset((x - mean) / std, y)
    val_set = TensorDataset((val_x - mean) / std, val_y)
    model = AlexNet()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=args.lr, momentum=args.momentum, weight_decay=args.wd
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=9, gamma=0.1),
        "train": DataLoader(train_set, batch_size=args.batch_size, shuffle=True),
        "val": DataLoader(val_set, batch_size=250),
        "epochs": args.epochs,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return main(get_args(), seed)


def make_fixed(seed=0):
    return main(get_args(["--lr", "1e-2"]), seed)
