"""Plain gradient descent at a thousandth, as one is used to from Adam: it hardly moves."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://stackoverflow.com/a/73462535"
CAUSES = ("lr_low", "epochs_few", "optimizer")

input_size = 784
hidden_size = 128
num_classes = 10


class NeuralNet(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super(NeuralNet, self).__init__()  # noqa: UP008
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        out = x.reshape(-1, 28 * 28)
        out = self.fc1(out)
        out = self.relu(out)
        return self.fc2(out)


def make(seed, learning_rate):
    torch.manual_seed(seed)
    train, test = data.mnist(5000)
    model = NeuralNet(input_size, hidden_size, num_classes)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=learning_rate),
        "train": DataLoader(TensorDataset(*train), batch_size=50, shuffle=True),
        "val": DataLoader(TensorDataset(*test), batch_size=200, shuffle=False),
        "epochs": 20,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, learning_rate=0.001)


def make_fixed(seed=0):
    return make(seed, learning_rate=0.1)
