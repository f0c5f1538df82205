"""A neural additive model: every column has a network of its own, and their answers are added.

The networks run side by side as grouped convolutions; the effects do not interact in the data.
"""

import torch
import torch.nn as nn

import data


def measurements(n=1600, columns=8):
    draws = torch.Generator().manual_seed(41)
    x = torch.rand(n, columns, generator=draws) * 2 - 1
    y = (4 * x[:, 0]).sin() + 2 * x[:, 1].square() - x[:, 2].abs()
    y = y + (x[:, 3] > 0.2).float() + 0.5 * x[:, 4] - (-8 * x[:, 5].square()).exp()
    y = y + 0.2 * torch.randn(n, generator=draws)
    return x, ((y - y.mean()) / y.std())[:, None]


class NeuralAdditiveModel(nn.Module):
    def __init__(self, columns=8, hidden=16):
        super().__init__()
        width = columns * hidden
        self.shapes = nn.Sequential(
            nn.Conv1d(columns, width, 1, groups=columns),
            nn.Tanh(),
            nn.Conv1d(width, width, 1, groups=columns),
            nn.ReLU(),
            nn.Conv1d(width, columns, 1, groups=columns, bias=False),
        )
        with torch.no_grad():
            self.shapes[0].weight.uniform_(-3, 3)
            self.shapes[0].bias.uniform_(-3, 3)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        contributions = self.shapes(x[:, :, None])[:, :, 0]
        return contributions, contributions.sum(1, keepdim=True) + self.bias


def loss_fn(output, y):
    contributions, y_hat = output
    return nn.functional.mse_loss(y_hat, y) + 1e-3 * contributions.square().mean()


def r2(output, y):
    return float(1 - (output[1] - y).square().sum() / (y - y.mean()).square().sum())


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.split(*measurements())
    model = NeuralAdditiveModel()
    optimizer = torch.optim.NAdam(model.parameters(), lr=4e-3)
    epochs = 30
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": epochs,
        "metric": r2,
    }
