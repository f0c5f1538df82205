"""The step first asks for the accuracy of its batch, and that leaves the model in eval mode.

Batch norm never sees a statistic: it passes on what comes, from first to last.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/wkentaro/pytorch-fcn/pull/56"
CAUSES = ("train_eval_mode", "normalization")


def conv_bn(inp, oup, stride):
    return nn.Sequential(
        nn.Conv2d(inp, oup, 3, stride, 1, bias=False),
        nn.BatchNorm2d(oup),
        nn.ReLU(inplace=True),
    )


class MiniNet(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(
            conv_bn(1, 12, 1),
            conv_bn(12, 12, 1),
            conv_bn(12, 24, 2),
            conv_bn(24, 24, 1),
            conv_bn(24, 32, 2),
            conv_bn(32, 32, 1),
        )
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Linear(32, num_classes)

    def forward(self, x):
        x = self.features(x).mean(dim=[2, 3])
        return self.classifier(self.dropout(x))


class Trainer:
    """Keeps the accuracies seen in training for a plot."""

    def __init__(self, back_to_train):
        self.back_to_train = back_to_train
        self.accuracies = []

    def score(self, model, x, y):
        model.eval()
        with torch.no_grad():
            right = model(x).argmax(dim=1) == y
        if self.back_to_train:
            model.train()
        return right.float().mean().item()

    def step(self, model, optimizer, criterion, x, y):
        self.accuracies.append(self.score(model, x, y))
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss


def make(seed, back_to_train):
    torch.manual_seed(seed)
    train, val = data.mnist(1500, side=14)
    net = MiniNet()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(TensorDataset(*train), batch_size=50, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=250),
        "epochs": 10,
        "metric": "accuracy",
        "step": Trainer(back_to_train).step,
    }


def make_faulty(seed=0):
    return make(seed, back_to_train=False)


def make_fixed(seed=0):
    return make(seed, back_to_train=True)
