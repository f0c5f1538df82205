"""After the first evaluation the model stays in evaluation mode for the rest of training."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/ThilinaRajapakse/simpletransformers/issues/941"
CAUSES = ("train_eval_mode", "normalization")


def make_net():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip


def make(seed, evaluate_every):
    torch.manual_seed(seed)
    net = make_net()
    (x, y), (val_x, val_y) = data.cifar(1500, side=16)
    steps = 0

    def train_step(model, optimizer, loss_fn, inputs, labels):
        nonlocal steps
        if evaluate_every and steps % evaluate_every == 0:
            model.eval()
            with torch.no_grad():
                loss_fn(model(val_x[:100]), val_y[:100])
        steps += 1
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9),
        "train": (x, y),
        "val": (val_x, val_y),
        "batch_size": 50,
        "epochs": 8,
        "metric": "accuracy",
        "step": train_step,
    }


def make_faulty(seed=0):
    return make(seed, evaluate_every=20)


def make_fixed(seed=0):
    return make(seed, evaluate_every=0)
