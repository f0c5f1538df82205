"""Against overfitting, Adam is told weight_decay=0.1, and the weights shrink to nothing."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = (
    "https://discuss.pytorch.org/t/"
    "why-does-using-weight-decay-result-in-my-linear-classifier-failing-to-train/112517"
)
CAUSES = ("regularization",)


class CNN(nn.Module):
    def __init__(self, hidden_units=16, output_shape=10):
        super().__init__()
        self.block_1 = nn.Sequential(
            nn.Conv2d(1, hidden_units, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.block_2 = nn.Sequential(
            nn.Conv2d(hidden_units, 2 * hidden_units, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(2 * hidden_units * 3 * 3, output_shape)
        )

    def forward(self, x):
        return self.classifier(self.block_2(self.block_1(x)))


def make(seed, weight_decay):
    torch.manual_seed(seed)
    train, val = data.mnist(3000, side=14)
    model = CNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003, weight_decay=weight_decay)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=256),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, weight_decay=0.1)


def make_fixed(seed=0):
    return make(seed, weight_decay=1e-4)
