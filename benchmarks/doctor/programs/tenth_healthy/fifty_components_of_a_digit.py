"""Digits as fifty principal components, one-hot targets, softmax and its logarithm."""

import torch
import torch.nn as nn
from sklearn.decomposition import PCA
from torch.utils.data import DataLoader, TensorDataset

import data


def components(count=50):
    (x, y), (x_val, y_val) = data.mnist(5000, side=14)
    pca = PCA(count, random_state=0).fit(x.flatten(1).numpy())
    x, x_val = (
        torch.tensor(pca.transform(p.flatten(1).numpy())).float() for p in (x, x_val)
    )
    x, x_val = x / x.std(), x_val / x.std()
    return (x, torch.eye(10)[y]), (x_val, torch.eye(10)[y_val])


def categorical_cross_entropy(log_probabilities, one_hot):
    return -(one_hot * log_probabilities).sum(dim=1).mean()


def categorical_accuracy(log_probabilities, one_hot):
    return (log_probabilities.argmax(1) == one_hot.argmax(1)).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = components()
    model = nn.Sequential(
        nn.Linear(50, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(64, 10),
        nn.LogSoftmax(dim=1),
    )
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3
    )
    return {
        "model": model,
        "loss_fn": categorical_cross_entropy,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 15),
        "train": DataLoader(TensorDataset(*train), batch_size=64, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=500),
        "epochs": 15,
        "metric": categorical_accuracy,
    }
