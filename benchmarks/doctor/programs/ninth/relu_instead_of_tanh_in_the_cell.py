"""A convolution and two LSTMs read sensors; the cells use ReLU, as Keras lets one ask for.

Nothing bounds the cell's states any more: they grow from step to step, and so do gradients.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/AlexanderVNikitin/tsgm/issues/59"
CAUSES = ("exploding_gradient", "hidden_activation")


def sensors(count=700, length=100):
    """Three channels, in which two bursts come: which of them came first is the class."""
    draws = torch.Generator().manual_seed(77)
    classes = torch.randint(0, 3, (count,), generator=draws)
    x = 0.3 * torch.randn(count, 3, length, generator=draws)
    time = torch.arange(length)[None]
    first = torch.randint(5, 40, (count, 1), generator=draws)
    second = first + torch.randint(15, 45, (count, 1), generator=draws)
    order = torch.tensor([[0, 1], [1, 2], [2, 0]])
    rows = torch.arange(count)
    for place, which in ((first, order[classes, 0]), (second, order[classes, 1])):
        x[rows, which] += 2.0 * ((time >= place) & (time < place + 8))
    return x, classes


class KerasLSTM(nn.Module):
    """LSTM(units, activation=...): glorot for the inputs, orthogonal for the states."""

    def __init__(self, input_dim, units, activation="tanh"):
        super().__init__()
        self.units, self.activation = units, getattr(torch, activation)
        self.kernel = nn.Parameter(torch.empty(input_dim, 4 * units))
        self.recurrent_kernel = nn.Parameter(torch.empty(units, 4 * units))
        self.bias = nn.Parameter(torch.zeros(4 * units))
        nn.init.xavier_uniform_(self.kernel)
        nn.init.orthogonal_(self.recurrent_kernel)
        self.bias.data[units : 2 * units] = 1.0  # unit_forget_bias

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), self.units)
        states = []
        z_x = x @ self.kernel + self.bias
        for t in range(x.size(1)):
            i, f, g, o = (z_x[:, t] + h @ self.recurrent_kernel).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * self.activation(g)
            h = torch.sigmoid(o) * self.activation(c)
            states.append(h)
        return torch.stack(states, dim=1)


class ConvnLSTMn(nn.Module):
    def __init__(self, activation, filters=24, units=24, n_classes=3):
        super().__init__()
        self.conv = nn.Conv1d(3, filters, 5, padding=2)
        self.lstm1 = KerasLSTM(filters, units, activation)
        self.lstm2 = KerasLSTM(units, units, activation)
        self.dense = nn.Linear(units, n_classes)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv(x)), 2)
        return self.dense(self.lstm2(self.lstm1(x.transpose(1, 2)))[:, -1])


def make(seed, activation):
    torch.manual_seed(seed)
    model = ConvnLSTMn(activation)
    train, val = data.split(*sensors())
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=64),
        "epochs": 8,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, "relu")


def make_fixed(seed=0):
    return make(seed, "tanh")
