"""A backbone is unfrozen after sixty steps, but the optimizer was made while it was frozen.

It holds the parameters that required a gradient on that day, and no others ever since.
"""

from functools import cache

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/facebookresearch/detectron2/issues/2486"
CAUSES = ("frozen_parameters", "optimizer")


def new_backbone():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(24, 24, 3), nn.ReLU(), nn.Flatten(),
    )  # fmt: skip


@cache
def pretrained():
    """Weights that tell thick digits from thin ones, which is no help for their names."""
    with torch.random.fork_rng():
        torch.manual_seed(99)
        (x, _), _ = data.mnist(900, side=14)
        ink = x.mean((1, 2, 3))
        y = (ink > ink.median()).float()[:, None]
        net = nn.Sequential(new_backbone(), nn.Linear(24, 1))
        optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
        for _ in range(2):
            for rows in torch.randperm(len(x)).split(50):
                loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return net[0].state_dict()


class Recognizer(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = new_backbone()
        self.backbone.load_state_dict(pretrained())
        self.head = nn.Linear(24, 10)

    def forward(self, x):
        return self.head(self.backbone(x))

    def freeze_backbone(self):
        for p in self.backbone.parameters():
            p.requires_grad = False

    def unfreeze_backbone(self):
        for p in self.backbone.parameters():
            p.requires_grad = True


class TrainStep:
    def __init__(self, unfreeze_at, adds_group):
        self.iteration = 0
        self.unfreeze_at = unfreeze_at
        self.adds_group = adds_group

    def __call__(self, model, optimizer, loss_fn, images, targets):
        if self.iteration == self.unfreeze_at:
            model.unfreeze_backbone()
            if self.adds_group:
                optimizer.add_param_group({"params": list(model.backbone.parameters())})
        self.iteration += 1
        losses = loss_fn(model(images), targets)
        optimizer.zero_grad()
        losses.backward()
        optimizer.step()
        return losses


def make(seed, adds_group):
    torch.manual_seed(seed)
    train, val = data.mnist(1800, side=14)
    model = Recognizer()
    model.freeze_backbone()
    trainable = [p for p in model.parameters() if p.requires_grad]
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(trainable, lr=2e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=100),
        "epochs": 8,
        "metric": "accuracy",
        "step": TrainStep(60, adds_group),
    }


def make_faulty(seed=0):
    return make(seed, adds_group=False)


def make_fixed(seed=0):
    return make(seed, adds_group=True)
