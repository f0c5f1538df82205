"""Each layer is held to a spectral norm of one; the logits are scaled up at the end."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

import data


class Lipschitz(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            spectral_norm(nn.Linear(64, 64)), nn.ReLU(), spectral_norm(nn.Linear(64, 64)),
            nn.ReLU(), weight_norm(nn.Linear(64, 10)),
        )  # fmt: skip

    def forward(self, x):
        return 20 * self.layers(x)


def make(seed=0):
    torch.manual_seed(seed)
    model = Lipschitz()
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 8,
        "metric": "accuracy",
    }
