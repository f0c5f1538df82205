"""A momentum of batch norm in the convention of another library: fine in train mode only.

Accuracy is 76 % with model.train() and 10 % with model.eval(): the running statistics still
are those of the start.
"""

import torch
import torch.nn as nn

import data

SOURCE = "https://discuss.pytorch.org/t/what-does-model-eval-do-for-batchnorm-layer/7146"
CAUSES = ("normalization", "train_eval_mode")


class Cifar(nn.Module):
    def __init__(self, momentum):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16, momentum=momentum)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32, momentum=momentum)
        self.fc1 = nn.Linear(32 * 16, 64)
        self.bn3 = nn.BatchNorm1d(64, momentum=momentum)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        x = torch.max_pool2d(torch.relu(self.bn2(self.conv2(x))), 2)
        x = torch.relu(self.bn3(self.fc1(x.flatten(1))))
        return self.fc2(x)


def make(seed, momentum):
    torch.manual_seed(seed)
    net = Cifar(momentum)
    train, val = data.cifar(1500, side=16)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.RMSprop(net.parameters(), lr=1e-3),
        "train": train,
        "val": val,
        "batch_size": 100,
        "epochs": 8,
    }


def make_faulty(seed=0):
    return make(seed, momentum=0.001)


def make_fixed(seed=0):
    return make(seed, momentum=0.1)
