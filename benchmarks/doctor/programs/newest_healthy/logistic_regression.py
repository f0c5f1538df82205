"""Logistic regression on a table: one linear layer and a sigmoid, BCELoss, SGD."""

import torch
from torch import nn

import data


class LogisticRegression(nn.Module):
    def __init__(self, n_input_features):
        super().__init__()
        self.linear = nn.Linear(n_input_features, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


def acc(y_predicted, y_test):
    y_predicted_cls = y_predicted.round()
    return y_predicted_cls.eq(y_test).sum().item() / float(y_test.shape[0])


def make(seed=0):
    torch.manual_seed(seed)
    model = LogisticRegression(30)
    (x_train, y_train), (x_test, y_test) = data.table("breast_cancer")
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05),
        "train": (x_train, y_train.float().view(-1, 1)),
        "val": (x_test, y_test.float().view(-1, 1)),
        "batch_size": 32,
        "epochs": 30,
        "metric": acc,
    }
