"""The recurrent network of a textbook, by SGD at 4 - without its line that clips gradients.

Through 35 steps the gradient grows now and then by orders of magnitude. One such step
throws the weights far off.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/2623"
CAUSES = ("exploding_gradient", "lr_high")


class RNNModel(nn.Module):
    """Reads one-hot characters and scores the next one at each step."""

    def __init__(self, vocab_size, num_hiddens=96):
        super().__init__()
        self.vocab_size = vocab_size
        self.rnn = nn.RNN(vocab_size, num_hiddens, batch_first=True, nonlinearity="relu")
        self.linear = nn.Linear(num_hiddens, vocab_size)

    def forward(self, inputs):
        x = F.one_hot(inputs, self.vocab_size).float()
        y, _ = self.rnn(x)
        return self.linear(y)


def loss(y_hat, y):
    return F.cross_entropy(y_hat.transpose(1, 2), y)


def accuracy(y_hat, y):
    return float((y_hat.argmax(2) == y).float().mean())


def train_step(theta):
    def step(net, updater, loss, x, y):
        updater.zero_grad()
        ls = loss(net(x), y)
        ls.backward()
        if theta is not None:
            nn.utils.clip_grad_norm_(net.parameters(), theta)
        updater.step()
        return ls

    return step


def make(seed, theta):
    torch.manual_seed(seed)
    train, val, vocab_size = data.characters(length=35, count=1600)
    net = RNNModel(vocab_size)
    return {
        "model": net,
        "loss_fn": loss,
        "optimizer": torch.optim.SGD(net.parameters(), lr=4.0),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 16,
        "metric": accuracy,
        "step": train_step(theta),
    }


def make_faulty(seed=0):
    return make(seed, theta=None)


def make_fixed(seed=0):
    return make(seed, theta=0.25)
