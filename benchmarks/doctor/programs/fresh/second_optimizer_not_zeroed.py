"""Two optimizers, one for the encoder and one for the head: only the first is ever zeroed."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/Hsintien-Ng/idinvert_pytorch-reproduced/issues/1"
CAUSES = ("zero_grad_missing",)


def make(seed, zero_both):
    torch.manual_seed(seed)
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, 64)),
        nn.Conv1d(1, 12, 5, stride=2), nn.ReLU(),
        nn.Conv1d(12, 24, 5, stride=2), nn.ReLU(), nn.Flatten(),
    )  # fmt: skip
    head = nn.Sequential(nn.Linear(24 * 13, 48), nn.ReLU(), nn.Linear(48, 10))
    optimizer_e = torch.optim.SGD(encoder.parameters(), lr=0.05, momentum=0.9)
    optimizer_h = torch.optim.SGD(head.parameters(), lr=0.05, momentum=0.9)

    def train_step(net, optimizer_e, criterion, x, y):
        loss = criterion(net(x), y)
        optimizer_e.zero_grad()
        if zero_both:
            optimizer_h.zero_grad()
        loss.backward()
        optimizer_e.step()
        optimizer_h.step()
        return loss.item()

    train, val = data.digits()
    return {
        "model": nn.Sequential(encoder, head),
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer_e,
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 8,
        "metric": "accuracy",
        "step": train_step,
    }


def make_faulty(seed=0):
    return make(seed, zero_both=False)


def make_fixed(seed=0):
    return make(seed, zero_both=True)
