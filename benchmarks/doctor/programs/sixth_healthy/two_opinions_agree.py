"""R-Drop: an image goes twice through dropout, and a second loss asks both to agree."""

import torch
import torch.nn.functional as F
from torch import nn

import data


class Net(nn.Module):
    def __init__(self, p=0.3):
        super().__init__()
        self.fc1 = nn.Linear(196, 160)
        self.fc2 = nn.Linear(160, 80)
        self.fc3 = nn.Linear(80, 10)
        self.p = p

    def forward(self, x):
        x = x.flatten(1)
        x = F.dropout(F.relu(self.fc1(x)), self.p, self.training)
        x = F.dropout(F.relu(self.fc2(x)), self.p, self.training)
        return self.fc3(x)


def agreement(p_logits, q_logits):
    p, q = p_logits.log_softmax(1), q_logits.log_softmax(1)
    there = F.kl_div(p, q, reduction="batchmean", log_target=True)
    back = F.kl_div(q, p, reduction="batchmean", log_target=True)
    return (there + back) / 2


def step(model, optimizer, loss_fn, x, y, alpha=1.0):
    first, second = model(x), model(x)
    loss = (loss_fn(first, y) + loss_fn(second, y)) / 2 + alpha * agreement(first, second)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return loss


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(2500, side=14)
    model, epochs = Net(), 16
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": ((x - 0.1307) / 0.3, y),
        "val": ((x_val - 0.1307) / 0.3, y_val),
        "batch_size": 32,
        "epochs": epochs,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "metric": "accuracy",
        "step": step,
    }
