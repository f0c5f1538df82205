"""Seven LSTM layers are stacked: next to no gradient gets to the lowest."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://github.com/sherjilozair/char-rnn-tensorflow/issues/91"
CAUSES = ("vanishing_gradient", "init")

N_LAYERS = 7
HIDDEN = 32


def get_gestures(n, seed):
    """Two-axis tracks of a hand: four figures, drawn at any speed, from anywhere."""
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (n,), generator=g)
    t = torch.linspace(0, 1, 24)[None].repeat(n, 1) ** (
        0.7 + 0.6 * torch.rand(n, 1, generator=g)
    )
    phase = 2 * math.pi * torch.rand(n, 1, generator=g)
    w = 2 * math.pi * t
    up_down = torch.sin(w + phase)
    side = torch.stack(
        [
            torch.cos(w + phase),  # circle, one way round
            -torch.cos(w + phase),  # circle, the other way
            torch.sin(2 * (w + phase)),  # an eight
            -torch.sin(2 * (w + phase)),  # an eight from the other side
        ]
    )[y, torch.arange(n)]
    x = torch.stack([up_down, side], dim=2)
    return x + 0.25 * torch.randn(x.shape, generator=g), y


class StackedLSTM(nn.Module):
    def __init__(self, residual):
        super().__init__()
        self.residual = residual
        self.proj = nn.Linear(2, HIDDEN)
        self.layers = nn.ModuleList(
            [nn.LSTM(HIDDEN, HIDDEN, batch_first=True) for _ in range(N_LAYERS)]
        )
        self.fc = nn.Linear(HIDDEN, 4)

    def forward(self, x):
        h = self.proj(x)
        for lstm in self.layers:
            out, _ = lstm(h)
            h = h + out if self.residual else out
        return self.fc(h[:, -1])


def make(seed, residual):
    torch.manual_seed(seed)
    model = StackedLSTM(residual)
    train_ds = TensorDataset(*get_gestures(800, 31))
    test_ds = TensorDataset(*get_gestures(300, 32))
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(train_ds, batch_size=32, shuffle=True),
        "val": DataLoader(test_ds, batch_size=100),
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, residual=False)


def make_fixed(seed=0):
    return make(seed, residual=True)
