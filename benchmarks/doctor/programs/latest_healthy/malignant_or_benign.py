"""Tumors from a table, with a sigmoid and BCELoss, in the idioms of old PyTorch."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.utils.data import DataLoader, TensorDataset

import data


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(30, 20)
        self.fc2 = nn.Linear(20, 10)
        self.fc3 = nn.Linear(10, 1)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight.data)
                m.bias.data.zero_()

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.dropout(x, p=0.2, training=self.training)
        x = F.relu(self.fc2(x))
        return torch.sigmoid(self.fc3(x))


def train_batch(model, optimizer, criterion, inputs, labels):
    inputs, labels = Variable(inputs), Variable(labels)
    optimizer.zero_grad()
    outputs = model(inputs)
    loss = criterion(outputs, labels)
    loss.backward()
    optimizer.step()
    return loss.data.item()


def accuracy(outputs, labels):
    predicted = outputs.data.round()
    return float((predicted == labels.data).sum()) / labels.size(0)


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_test, y_test) = data.table("breast_cancer")
    train_set = TensorDataset(x, y.float().view(-1, 1))
    test_set = TensorDataset(x_test, y_test.float().view(-1, 1))
    model = Classifier()
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.RMSprop(model.parameters(), lr=0.001),
        "train": DataLoader(train_set, batch_size=10, shuffle=True),
        "val": DataLoader(test_set, batch_size=50, shuffle=False),
        "epochs": 15,
        "metric": accuracy,
        "step": train_batch,
    }
