"""Eight soft decision trees with thirty-one questions each: a digit is asked all of them."""

import torch
import torch.nn as nn

import data


class SoftForest(nn.Module):
    """Each leaf has a distribution of classes; a digit gets to all leaves, more or less."""

    def __init__(self, n_in=49, trees=8, depth=5, n_classes=10):
        super().__init__()
        self.trees, self.depth = trees, depth
        self.questions = nn.Linear(n_in, trees * (2**depth - 1))
        self.leaves = nn.Parameter(0.1 * torch.randn(trees, 2**depth, n_classes))

    def forward(self, x):
        yes = torch.sigmoid(self.questions(x)).unflatten(1, (self.trees, -1))
        reach = x.new_ones(len(x), self.trees, 1)
        first = 0
        for level in range(self.depth):
            here = yes[:, :, first : first + 2**level]
            reach = torch.stack([reach * here, reach * (1 - here)], dim=3).flatten(2)
            first += 2**level
        votes = torch.einsum("btl,tlc->bc", reach, self.leaves.softmax(dim=2))
        return torch.log(votes / self.trees + 1e-8)


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(4500, 7)
    x, x_val = x.flatten(1), x_val.flatten(1)
    mean = x.mean(0)
    model = SoftForest()
    optimizer = torch.optim.Adam(
        [
            {"params": model.questions.parameters(), "lr": 0.03, "weight_decay": 1e-4},
            {"params": [model.leaves], "lr": 0.1},
        ]
    )
    return {
        "model": model,
        "loss_fn": nn.NLLLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [15], gamma=0.1),
        "train": (3 * (x - mean), y),
        "val": (3 * (x_val - mean), y_val),
        "batch_size": 32,
        "epochs": 20,
        "metric": "accuracy",
    }
