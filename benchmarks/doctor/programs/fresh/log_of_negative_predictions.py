"""A loss of squared logarithms: one prediction below minus one makes everything NaN."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/timeseriesAI/tsai/issues/150"
CAUSES = ("numerics", "loss_mismatch", "output_activation")


class MSLELoss(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        assert reduction in ["mean", "sum", "none"]
        self.mse = nn.MSELoss(reduction=reduction)

    def forward(self, input, target):
        return self.mse(torch.log(input.view(-1) + 1), torch.log(target + 1))


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight)
        nn.init.zeros_(m.bias)


class Regressor(nn.Module):
    def __init__(self, n_features, positive):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()
        )
        self.head = nn.Linear(64, 1)
        self.positive = positive
        self.apply(init_weights)

    def forward(self, x):
        out = self.head(self.layers(x)).squeeze(-1)
        return nn.functional.softplus(out) if self.positive else out


def wide_range(pair):
    """Targets from thousandths to thousands, as exponential growth gives them."""
    x, y = pair
    return TensorDataset(x * 3**0.5, torch.exp(3 * y[:, 0]))


def r2_of_logs(output, target):
    output, target = (output + 1).log(), (target + 1).log()
    rest = (output - target).square().sum()
    return float(1 - rest / (target - target.mean()).square().sum())


def make(seed, positive):
    torch.manual_seed(seed)
    model = Regressor(10, positive)
    train, val = data.friedman()
    return {
        "model": model,
        "loss_fn": MSLELoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(wide_range(train), batch_size=32, shuffle=True),
        "val": DataLoader(wide_range(val), batch_size=300),
        "epochs": 20,
        "metric": r2_of_logs,
    }


def make_faulty(seed=0):
    return make(seed, positive=False)


def make_fixed(seed=0):
    return make(seed, positive=True)
