"""F.dropout is not told whether the model trains: it leaves out units in the test, too."""

import torch
import torch.nn as nn
import torch.nn.functional as F

import data

SOURCE = "https://github.com/pytorch/pytorch/issues/26338"
CAUSES = ("train_eval_mode", "regularization")


class Regressor(nn.Module):
    def __init__(self, follows_the_mode):
        super().__init__()
        self.follows_the_mode = follows_the_mode
        self.fc1 = nn.Linear(10, 128)
        self.fc2 = nn.Linear(128, 128)
        self.fc3 = nn.Linear(128, 1)

    def forward(self, x):
        training = self.training if self.follows_the_mode else True
        x = F.dropout(x, p=0.1, training=training)
        x = F.dropout(F.relu(self.fc1(x)), p=0.2, training=training)
        x = F.dropout(F.relu(self.fc2(x)), p=0.2, training=training)
        return self.fc3(x)


def make(seed, follows_the_mode):
    torch.manual_seed(seed)
    trainset, testset = data.friedman(1600)
    model = Regressor(follows_the_mode)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.001),
        "train": trainset,
        "val": testset,
        "batch_size": 32,
        "epochs": 40,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, follows_the_mode=False)


def make_fixed(seed=0):
    return make(seed, follows_the_mode=True)
