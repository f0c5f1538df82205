"""Dropout layers are kept in a Python list: eval() does not reach them, they go on."""

import torch
import torch.nn as nn

import data

SOURCE = "https://github.com/namisan/mt-dnn/issues/45"
CAUSES = ("train_eval_mode",)


class SharedEncoder(nn.Module):
    """A shared body, and for each task a dropout and a scorer."""

    def __init__(self, n_class_list, dropout_p, container):
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(196, 160), nn.ReLU(), nn.Linear(160, 24), nn.ReLU()
        )
        self.scoring_list = nn.ModuleList()
        self.dropout_list = container()
        for n_class in n_class_list:
            self.dropout_list.append(nn.Dropout(dropout_p))
            self.scoring_list.append(nn.Linear(24, n_class))

    def forward(self, x):
        pooled = self.body(x)
        heads = zip(self.dropout_list, self.scoring_list, strict=True)
        return tuple(score(dropout(pooled)) for dropout, score in heads)


def three_tasks(digit):
    """Which digit it is, whether it is even, and whether it has a closed loop."""
    loop = (digit == 0) | (digit == 6) | (digit == 8) | (digit == 9)
    return torch.stack([digit, (digit % 2 == 0).long(), loop.long()], dim=1)


def sum_of_losses(logits, labels):
    of_task = nn.functional.cross_entropy
    return sum(of_task(scores, labels[:, i]) for i, scores in enumerate(logits))


def all_right(logits, labels):
    """Return how often the answers to all tasks are right."""
    answers = torch.stack([scores.argmax(1) for scores in logits], dim=1)
    return (answers == labels).all(1).float().mean().item()


def make(seed, container):
    torch.manual_seed(seed)
    (x, digit), (x_dev, digit_dev) = data.mnist(4500, side=14)
    model = SharedEncoder([10, 2, 2], 0.5, container)
    return {
        "model": model,
        "loss_fn": sum_of_losses,
        "optimizer": torch.optim.Adamax(model.parameters(), lr=4e-3),
        "train": (x, three_tasks(digit)),
        "val": (x_dev, three_tasks(digit_dev)),
        "batch_size": 50,
        "epochs": 20,
        "metric": all_right,
    }


def make_faulty(seed=0):
    return make(seed, list)


def make_fixed(seed=0):
    return make(seed, nn.ModuleList)
