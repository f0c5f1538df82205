"""A table whose columns go from hundredths to thousands, as it was read from the file."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/meetps/pytorch-semseg/issues/204"
CAUSES = ("input_scale",)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(13, 20)
        self.l2 = nn.Linear(20, 20)
        self.l3 = nn.Linear(20, 3)

    def forward(self, x):
        return self.l3(torch.sigmoid(self.l2(torch.tanh(self.l1(x)))))


def make(seed, is_standardized):
    torch.manual_seed(seed)
    net = Net()
    train, val = data.table("wine", is_standardized=is_standardized)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=0.01),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 25,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, is_standardized=False)


def make_fixed(seed=0):
    return make(seed, is_standardized=True)
