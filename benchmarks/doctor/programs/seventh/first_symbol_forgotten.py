"""A plain RNN has to remember two symbols through dozens of others: no gradient gets there."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/Atcold/NYU-DLSP20/pull/118"
CAUSES = ("vanishing_gradient", "hidden_activation")

SYMBOLS = "BEXYabcd"
CLASSES = {"XX": 0, "XY": 1, "YX": 2, "YY": 3}


class TemporalOrder(Dataset):
    """B, noise with an X or a Y early and another one in the middle, E."""

    def __init__(self, n, seed, length=50):
        draws = torch.Generator().manual_seed(seed)
        self.ids = torch.randint(4, 8, (n, length), generator=draws)
        self.ids[:, 0], self.ids[:, -1] = 0, 1
        which = torch.randint(0, 2, (n, 2), generator=draws)
        first = torch.randint(2, 8, (n,), generator=draws)
        second = torch.randint(12, 20, (n,), generator=draws)
        rows = torch.arange(n)
        self.ids[rows, first] = 2 + which[:, 0]
        self.ids[rows, second] = 2 + which[:, 1]
        self.labels = 2 * which[:, 0] + which[:, 1]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        one_hot = nn.functional.one_hot(self.ids[i], len(SYMBOLS)).float()
        return one_hot, self.labels[i]


class SimpleRNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size, batch_first=True, nonlinearity="tanh")
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        h = self.rnn(x)[0]
        return self.linear(h[:, -1])


class SimpleLSTM(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, output_size)
        forget = slice(hidden_size, 2 * hidden_size)
        nn.init.constant_(self.lstm.bias_hh_l0.data[forget], 3.0)

    def forward(self, x):
        h = self.lstm(x)[0]
        return self.linear(h[:, -1])


def make(seed, network):
    torch.manual_seed(seed)
    model = network(len(SYMBOLS), 24, len(CLASSES))
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=5e-3),
        "train": DataLoader(TemporalOrder(2000, seed=1), batch_size=32, shuffle=True),
        "val": DataLoader(TemporalOrder(300, seed=2), batch_size=100),
        "epochs": 14,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, SimpleRNN)


def make_fixed(seed=0):
    return make(seed, SimpleLSTM)
