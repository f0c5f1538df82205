"""Dropout with a new mask at each step is put on the states of an LSTM: it forgets them."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/tensorflow/tensorflow/issues/11650"
CAUSES = ("regularization",)


class DropoutWrapper(nn.Module):
    """A cell with dropout on what it puts out and, where wanted, on its states."""

    def __init__(self, cell, output_keep_prob=1.0, state_keep_prob=1.0):
        super().__init__()
        self.cell = cell
        self.output_dropout = nn.Dropout(1 - output_keep_prob)
        self.state_dropout = nn.Dropout(1 - state_keep_prob)

    def forward(self, x, state):
        h, c = self.cell(x, state)
        state = (self.state_dropout(h), self.state_dropout(c))
        return self.output_dropout(h), state


class RowReader(nn.Module):
    def __init__(self, state_keep_prob, side=14, units=48):
        super().__init__()
        self.units = units
        self.rnn = DropoutWrapper(
            nn.LSTMCell(side, units), output_keep_prob=0.8, state_keep_prob=state_keep_prob
        )
        self.fc = nn.Linear(units, 10)

    def forward(self, images):
        zeros = images.new_zeros(len(images), self.units)
        state = (zeros, zeros)
        for row in images.squeeze(1).unbind(dim=1):
            output, state = self.rnn(row, state)
        return self.fc(output)


def make(seed, state_keep_prob):
    torch.manual_seed(seed)
    train, val = data.mnist(3600, side=14)
    model = RowReader(state_keep_prob)
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12),
        "train": train,
        "val": val,
        "batch_size": 40,
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, state_keep_prob=0.5)


def make_fixed(seed=0):
    return make(seed, state_keep_prob=1.0)
