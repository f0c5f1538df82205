"""A small Inception network is run with maxEpoch 1 and judged by that: it has hardly begun."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/intel/ipex-llm/issues/464"
CAUSES = ("epochs_few",)


def conv_relu(n_in, n_out, kernel):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, padding=kernel // 2), nn.ReLU(inplace=True)
    )


class Inception(nn.Module):
    def __init__(self, n_in, n1, n3, n5):
        super().__init__()
        self.branch1 = conv_relu(n_in, n1, 1)
        self.branch3 = nn.Sequential(conv_relu(n_in, n3 // 2, 1), conv_relu(n3 // 2, n3, 3))
        self.branch5 = nn.Sequential(conv_relu(n_in, n5 // 2, 1), conv_relu(n5 // 2, n5, 5))

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch3(x), self.branch5(x)], dim=1)


def inception(class_num=10):
    model = nn.Sequential(
        conv_relu(1, 12, 3),
        nn.MaxPool2d(2),
        Inception(12, 8, 16, 8),
        nn.MaxPool2d(2, ceil_mode=True),
        Inception(32, 8, 16, 8),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(32 * 16, class_num),
        nn.LogSoftmax(dim=1),
    )
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            nn.init.zeros_(m.bias)
    return model


def train(seed, max_epoch):
    torch.manual_seed(seed)
    train_set, test_set = data.mnist(3000, side=14)
    model = inception()
    return {
        "model": model,
        "loss_fn": nn.NLLLoss(),
        "optimizer": torch.optim.SGD(
            model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3
        ),
        "train": DataLoader(TensorDataset(*train_set), batch_size=128, shuffle=True),
        "val": DataLoader(TensorDataset(*test_set), batch_size=128),
        "epochs": max_epoch,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return train(seed, max_epoch=1)


def make_fixed(seed=0):
    return train(seed, max_epoch=12)
