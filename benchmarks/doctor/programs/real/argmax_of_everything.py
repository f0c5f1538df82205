"""Accuracy from an argmax over the whole batch instead of over the classes."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/Zasder3/train-CLIP/issues/6"
CAUSES = ("metric",)


def wrong_accuracy(logits, truth):
    return float((torch.argmax(logits) == truth).float().mean())


def accuracy(logits, truth):
    return float((torch.argmax(logits, dim=1) == truth).float().mean())


def make(seed, metric):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 48), nn.GELU(), nn.Linear(48, 10))
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 64,
        "epochs": 12,
        "metric": metric,
    }


def make_faulty(seed=0):
    return make(seed, wrong_accuracy)


def make_fixed(seed=0):
    return make(seed, accuracy)
