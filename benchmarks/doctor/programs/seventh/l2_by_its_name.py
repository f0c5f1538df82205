"""The penalty "l2" weighs a hundredth by default, and it is summed over all weights."""

import torch
from torch import nn

import data

SOURCE = "https://stackoom.com/en/question/4HpqD"
CAUSES = ("regularization",)


class L2:
    """A kernel regularizer as Keras has it."""

    def __init__(self, factor=0.01):
        self.factor = factor

    def __call__(self, kernel):
        return self.factor * kernel.square().sum()


class Dense(nn.Module):
    def __init__(self, n_in, units, activation=None, kernel_regularizer=None):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(n_in, units))
        self.bias = nn.Parameter(torch.zeros(units))
        nn.init.xavier_uniform_(self.kernel)
        self.activation = activation
        self.kernel_regularizer = kernel_regularizer

    def forward(self, x):
        x = x @ self.kernel + self.bias
        return x if self.activation is None else self.activation(x)


def penalties(model):
    layers = [m for m in model.modules() if isinstance(m, Dense)]
    return sum(m.kernel_regularizer(m.kernel) for m in layers if m.kernel_regularizer)


def train_on_batch(model, optimizer, loss, x, y):
    optimizer.zero_grad()
    total = loss(model(x), y) + penalties(model)
    total.backward()
    optimizer.step()
    return total.item()


def make(seed, regularizer):
    torch.manual_seed(seed)
    (x_train, y_train), (x_val, y_val) = data.mnist(4000, side=14)
    model = nn.Sequential(
        nn.Flatten(),
        Dense(196, 128, torch.sigmoid, kernel_regularizer=regularizer),
        nn.Dropout(0.1),
        Dense(128, 64, torch.sigmoid, kernel_regularizer=regularizer),
        Dense(64, 10, kernel_regularizer=regularizer),
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=2e-3),
        "train": ((x_train - 0.13) / 0.31, y_train),
        "val": ((x_val - 0.13) / 0.31, y_val),
        "batch_size": 64,
        "epochs": 14,
        "metric": "accuracy",
        "step": train_on_batch,
    }


def make_faulty(seed=0):
    return make(seed, L2())


def make_fixed(seed=0):
    return make(seed, L2(1e-4))
