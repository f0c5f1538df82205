"""A GRU reads a digit line by line, eight pixels at a time, and then says which one it was."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data


class Lines(Dataset):
    def __init__(self, images, ids):
        self.lines = (images.view(-1, 8, 8) - 0.3) / 0.37
        self.ids = ids

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.lines[i], self.ids[i]


class GRUClassifier(nn.Module):
    def __init__(self, input_size=8, hidden_size=64, num_classes=10):
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True)
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(hidden_size, num_classes)
        for name, weight in self.gru.named_parameters():
            if name.startswith("weight_hh"):
                for gate in weight.chunk(3):
                    nn.init.orthogonal_(gate)

    def forward(self, x):
        _, hidden = self.gru(x)
        return self.fc(self.dropout(self.norm(hidden[-1])))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = GRUClassifier()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(Lines(*train), batch_size=32, shuffle=True),
        "val": DataLoader(Lines(*val), batch_size=150),
        "epochs": 16,
        "metric": "accuracy",
    }
