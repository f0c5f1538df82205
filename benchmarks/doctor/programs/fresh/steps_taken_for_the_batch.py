"""batch_first is switched on in an LSTM that still gets (steps, batch, features).

It reads the batch as its steps: each answer is made from the last row of its own image and
from those of the images before it.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://discuss.pytorch.org/t/lstm-change-batch-first-true-loss-does-not-decrease/62364"
CAUSES = ("other", "shape_broadcast")


class Reader(nn.Module):
    def __init__(self, batch_first):
        super().__init__()
        self.lstm = nn.LSTM(8, 40, num_layers=1, batch_first=batch_first)
        self.fc = nn.Linear(40, 10)

    def forward(self, images):
        rows = images.permute(1, 0, 2)
        recurrent, _ = self.lstm(rows)
        return self.fc(recurrent[-1])


def make(seed, batch_first):
    torch.manual_seed(seed)
    model = Reader(batch_first)
    (x, y), (val_x, val_y) = data.digits()
    train = TensorDataset(x.view(-1, 8, 8), y)
    val = TensorDataset(val_x.view(-1, 8, 8), val_y)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(train, batch_size=48, shuffle=True),
        "val": DataLoader(val, batch_size=48),
        "epochs": 15,
    }


def make_faulty(seed=0):
    return make(seed, batch_first=True)


def make_fixed(seed=0):
    return make(seed, batch_first=False)
