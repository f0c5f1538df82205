"""nn.NLLLoss of probabilities: the log is missing, and the loss is negative."""

import torch
from torch import nn
from torch.nn import functional as F

import data

SOURCE = "https://github.com/AnubhavGupta3377/Text-Classification-Models-Pytorch/issues/9"
CAUSES = ("loss_mismatch", "output_activation")


class RowsClassifier(nn.Module):
    def __init__(self, is_log):
        super().__init__()
        self.conv1 = nn.Conv1d(8, 24, 3, padding=1)
        self.conv2 = nn.Conv1d(24, 24, 3)
        self.fc = nn.Linear(24, 10)
        self.is_log = is_log

    def forward(self, pixels):
        x = F.relu(self.conv1(pixels.view(-1, 8, 8)))
        x = F.relu(self.conv2(x)).amax(2)
        x = self.fc(x)
        return F.log_softmax(x, dim=1) if self.is_log else F.softmax(x, dim=1)


def make(seed, is_log):
    torch.manual_seed(seed)
    model = RowsClassifier(is_log)
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.NLLLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "train": train,
        "val": val,
        "batch_size": 20,
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, is_log=False)


def make_fixed(seed=0):
    return make(seed, is_log=True)
