"""The lower half of a digit from its upper half: SGD at a rate of 10 on squared errors.

The loss is a mean over 98 pixels, each of which has a small part in it; so are the gradients.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def halves(pair):
    images = pair[0][:, 0]
    return TensorDataset(images[:, :7].flatten(1) - 0.13, images[:, 7:].flatten(1))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = (halves(pair) for pair in data.mnist(3000, side=14))
    model = nn.Sequential(
        nn.Linear(98, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 98), nn.Sigmoid()
    )
    epochs = 30
    optimizer = torch.optim.SGD(model.parameters(), lr=10.0)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(val, batch_size=200),
        "epochs": epochs,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "metric": "r2",
    }
