"""The state of the last LSTM cell is the forecast: it stays below one, the series does not."""

import math

import torch
import torch.nn as nn

import data

SOURCE = "https://github.com/pytorch/examples/pull/250"
CAUSES = ("output_activation",)


def tides(n=480, length=41, seed=3):
    """Levels of water in meters: two waves whose phases and heights differ."""
    g = torch.Generator().manual_seed(seed)
    t = torch.arange(length)[None]
    phase = 2 * math.pi * torch.rand(n, 2, generator=g)
    height = 0.7 + torch.rand(n, 2, generator=g)
    level = height[:, :1] * (2 * math.pi * t / 12.4 + phase[:, :1]).sin()
    level = level + 0.5 * height[:, 1:] * (2 * math.pi * t / 24 + phase[:, 1:]).sin()
    level = level + 0.05 * torch.randn(n, length, generator=g)
    level = 1.5 * level / level.std()
    return level[:, :-1], level[:, 1:]


class Sequence(nn.Module):
    def __init__(self, linear, hidden=24):
        super().__init__()
        self.hidden = hidden
        self.lstm1 = nn.LSTMCell(1, hidden)
        if linear:
            self.out = nn.Linear(hidden, 1)
        else:
            self.lstm2 = nn.LSTMCell(hidden, 1)
        self.linear = linear

    def forward(self, inputs):
        n = inputs.size(0)
        h_t = c_t = inputs.new_zeros(n, self.hidden)
        h_t2 = c_t2 = inputs.new_zeros(n, 1)
        outputs = []
        for input_t in inputs.split(1, dim=1):
            h_t, c_t = self.lstm1(input_t, (h_t, c_t))
            if self.linear:
                output = self.out(h_t)
            else:
                h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
                output = h_t2
            outputs.append(output)
        return torch.cat(outputs, dim=1)


def make(seed, linear):
    torch.manual_seed(seed)
    train, test = data.split(*tides())
    seq = Sequence(linear)
    return {
        "model": seq,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(seq.parameters(), lr=0.01),
        "train": train,
        "val": test,
        "batch_size": 24,
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, linear=False)


def make_fixed(seed=0):
    return make(seed, linear=True)
