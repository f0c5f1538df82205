"""DeepSets: sets of up to six digits, padded with zeros and a mask; the largest is wanted."""

import torch
from torch import nn

import data


class DeepSets(nn.Module):
    def __init__(self):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.rho = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, digits, mask):
        return self.rho((self.phi(digits) * mask[..., None]).sum(1) / 3)


def sets(pair, count, seed):
    x, y = pair
    g = torch.Generator().manual_seed(seed)
    who = torch.randint(len(x), (count, 6), generator=g)
    size = torch.randint(1, 7, (count, 1), generator=g)
    mask = (torch.arange(6) < size).float()
    largest = torch.where(mask > 0, y[who], -1).amax(1)
    return {"digits": x[who] * mask[..., None], "mask": mask}, largest


def make(seed=0):
    torch.manual_seed(seed)
    model = DeepSets()
    train, val = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": sets(train, 2000, 1),
        "val": sets(val, 400, 2),
        "batch_size": 40,
        "epochs": 15,
        "metric": "accuracy",
    }
