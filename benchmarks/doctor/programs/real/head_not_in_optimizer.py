"""Parameter groups are collected by name, and those of the last layers are never added."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/zjunlp/HVPNeT/issues/5"
CAUSES = ("frozen_parameters",)


class Tagger(nn.Module):
    def __init__(self, symbols):
        super().__init__()
        self.bert = nn.Embedding(symbols, 32)
        self.encoder = nn.GRU(32, 48, batch_first=True)
        self.fc = nn.Linear(48, 24)
        self.crf = nn.Linear(24, 2)

    def forward(self, ids):
        states, _ = self.encoder(self.bert(ids))
        return self.crf(torch.relu(self.fc(states.mean(1))))


def make(seed, add_head):
    torch.manual_seed(seed)
    train, val, symbols = data.two_authors()
    model = Tagger(symbols)
    parameters = []
    group = {"lr": 1e-3, "params": []}
    for name, value in model.named_parameters():
        if "bert" in name:
            group["params"].append(value)
    parameters.append(group)
    group = {"lr": 5e-3, "params": []}
    for name, value in model.named_parameters():
        if "encoder" in name or (add_head and ("crf" in name or "fc" in name)):
            group["params"].append(value)
    parameters.append(group)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(parameters),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 5,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, add_head=False)


def make_fixed(seed=0):
    return make(seed, add_head=True)
