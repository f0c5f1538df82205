"""All weights start at 0.01: the units of a layer stay the same, as if it had one of them."""

import torch
import torch.nn as nn
import torch.nn.functional as F

import data

SOURCE = "https://github.com/nndl/nndl-discussion/issues/14"
CAUSES = ("init",)


def constant(m):
    if isinstance(m, (nn.Conv2d, nn.Linear)):
        m.weight.data.fill_(0.01)
        m.bias.data.zero_()


def xavier(m):
    if isinstance(m, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(m.weight)
        m.bias.data.zero_()


class ConvNet(nn.Module):
    def __init__(self, weights_init):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 3 * 3, 48)
        self.fc2 = nn.Linear(48, 10)
        self.apply(weights_init)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


def make(seed, weights_init):
    torch.manual_seed(seed)
    (x, y), (x_test, y_test) = data.mnist(1500, side=14)
    net = ConvNet(weights_init)
    return {
        "model": net,
        "loss_fn": F.nll_loss,
        "optimizer": torch.optim.Adam(net.parameters(), lr=2e-3),
        "train": ((x - 0.1307) / 0.3081, y),
        "val": ((x_test - 0.1307) / 0.3081, y_test),
        "batch_size": 32,
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, constant)


def make_fixed(seed=0):
    return make(seed, xavier)
