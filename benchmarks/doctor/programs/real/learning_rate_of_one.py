"""A learning rate of 1.0: the loss goes up after one mini-batch and never comes back."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/meijieru/crnn.pytorch/issues/29"
CAUSES = ("lr_high",)


class Recognizer(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.rnn = nn.GRU(12 * 7, 32, batch_first=True, bidirectional=True)
        self.embedding = nn.Linear(64, 10)

    def forward(self, x):
        columns = self.cnn(x).permute(0, 3, 1, 2).flatten(2)
        states, _ = self.rnn(columns)
        return self.embedding(states.mean(1))


def make(seed, lr):
    torch.manual_seed(seed)
    model = Recognizer()
    train, val = data.mnist(1000, side=14)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, lr=1.0)


def make_fixed(seed=0):
    return make(seed, lr=0.002)
