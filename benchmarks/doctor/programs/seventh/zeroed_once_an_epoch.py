"""zero_grad is called at the start of an epoch only: each step takes all gradients since."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/heartcored98/Standalone-DeepLearning/issues/11"
CAUSES = ("zero_grad_missing",)


class CNN(nn.Module):
    def __init__(self, channels=(16, 32), hidden=64):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels[0], 3, padding=1)
        self.conv2 = nn.Conv2d(channels[0], channels[1], 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.act = nn.ReLU()
        self.fc1 = nn.Linear(channels[1] * 9, hidden)
        self.drop = nn.Dropout(0.3)
        self.fc2 = nn.Linear(hidden, 10)

    def forward(self, x):
        x = self.pool(self.act(self.conv1(x)))
        x = self.pool(self.act(self.conv2(x)))
        x = self.act(self.fc1(x.view(x.size(0), -1)))
        return self.fc2(self.drop(x))


def partition(pair):
    images, labels = pair
    return TensorDataset((images - 0.5) / 0.5, labels)


class Trainer:
    def __init__(self, n_batches, per_batch):
        self.n_batches, self.per_batch = n_batches, per_batch
        self.batch = 0

    def step(self, net, optimizer, criterion, inputs, labels):
        if self.per_batch or self.batch % self.n_batches == 0:
            optimizer.zero_grad()
        self.batch += 1
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        return loss.item()


def make(seed, per_batch):
    torch.manual_seed(seed)
    train, val = data.mnist(2000, side=14)
    loader = DataLoader(partition(train), batch_size=32, shuffle=True)
    net = CNN()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.5),
        "train": loader,
        "val": DataLoader(partition(val), batch_size=100),
        "epochs": 12,
        "metric": "accuracy",
        "step": Trainer(len(loader), per_batch).step,
    }


def make_faulty(seed=0):
    return make(seed, per_batch=False)


def make_fixed(seed=0):
    return make(seed, per_batch=True)
