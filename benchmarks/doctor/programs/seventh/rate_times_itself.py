"""LambdaLR gets a function that gives the rate itself, where it wants a factor: its square."""

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/78917"
CAUSES = ("lr_low", "optimizer")
LR = 4e-3
GAMMA = 0.1


class LineReader(nn.Module):
    """One direction of a GRU over the rows of an image."""

    def __init__(self, row=14, hidden=64, num_classes=10):
        super().__init__()
        self.gru = nn.GRU(row, hidden, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.fc = nn.Linear(hidden, num_classes)

    def forward(self, image):
        output, _ = self.gru(image.squeeze(1))
        return self.fc(self.norm(output[:, -1]))


def loader(pair, *, shuffle):
    return DataLoader(TensorDataset(*pair), batch_size=40, shuffle=shuffle)


def make(seed, lr_lambda):
    torch.manual_seed(seed)
    train, val = data.mnist(3200, side=14)
    model = LineReader()
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": loader(train, shuffle=True),
        "val": loader(val, shuffle=False),
        "epochs": 12,
        "metric": "accuracy",
        "scheduler": LambdaLR(optimizer, lr_lambda),
    }


def make_faulty(seed=0):
    return make(seed, lambda epoch: LR / (1 + GAMMA * epoch))


def make_fixed(seed=0):
    return make(seed, lambda epoch: 1 / (1 + GAMMA * epoch))
