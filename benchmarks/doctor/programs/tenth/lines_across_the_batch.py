"""An LSTM reads images line by line, batch first - which it was not told.

So it runs across the images of a batch, and the last line is all that tells a digit.
"""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/1538"
CAUSES = ("shape_broadcast", "other")


class Rnn(nn.Module):
    def __init__(self, in_dim, hidden_dim, n_layer, n_class, **kwargs):
        super().__init__()
        self.lstm = nn.LSTM(in_dim, hidden_dim, n_layer, **kwargs)
        self.classifier = nn.Linear(hidden_dim, n_class)

    def forward(self, x):
        out, _ = self.lstm(x)
        out = out[:, -1, :]
        return self.classifier(out)


def lines(pair):
    images, ids = pair
    return TensorDataset((images.squeeze(1) - 0.1307) / 0.3081, ids)


def make(seed, **kwargs):
    torch.manual_seed(seed)
    train_dataset, test_dataset = map(lines, data.mnist(2000, side=14))
    model = Rnn(14, 64, 2, 10, **kwargs)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optim.Adam(model.parameters(), lr=4e-3),
        "train": DataLoader(train_dataset, batch_size=50, shuffle=True),
        "val": DataLoader(test_dataset, batch_size=50, shuffle=False),
        "epochs": 8,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, batch_first=True)
