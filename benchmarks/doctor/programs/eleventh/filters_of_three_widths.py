"""A text CNN after Kim keeps its convolutions, one for each width, in a plain Python list.

The model does not see them, parameters() does not give them, the optimizer never moves them.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://www.engineermaxxing.com/micro/lessons/pytorch-internals.html"
CAUSES = ("frozen_parameters",)


class TextCNN(nn.Module):
    def __init__(self, n_chars, container, n_filters=24, widths=(2, 3, 4)):
        super().__init__()
        self.n_chars = n_chars
        self.convs = container([nn.Conv1d(n_chars, n_filters, w) for w in widths])
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(n_filters * len(widths), 2)

    def forward(self, text):
        x = F.one_hot(text, self.n_chars).float().permute(0, 2, 1)
        x = [F.relu(conv(x)) for conv in self.convs]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        return self.fc(self.dropout(torch.cat(x, 1)))


def make(seed, container):
    torch.manual_seed(seed)
    train, val, n_chars = data.two_authors(64, 2400)
    model = TextCNN(n_chars, container)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 8,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, list)


def make_fixed(seed=0):
    return make(seed, nn.ModuleList)
