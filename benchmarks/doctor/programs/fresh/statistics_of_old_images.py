"""Batch norm of a pretrained backbone is kept in evaluation mode for images of another kind.

Its layers go on to subtract the mean of dark images from new ones that are bright.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/airctic/icevision/issues/32"
CAUSES = ("train_eval_mode", "normalization", "input_scale")


def conv_bn(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()
    )


class Classifier(nn.Module):
    def __init__(self, freeze_bn):
        super().__init__()
        self.backbone = nn.Sequential(
            conv_bn(1, 12), nn.MaxPool2d(2), conv_bn(12, 16), nn.MaxPool2d(2)
        )
        self.head = nn.Linear(16 * 9, 10)
        self.freeze_bn = freeze_bn

    def train(self, mode=True):
        super().train(mode)
        if self.freeze_bn:
            for module in self.backbone.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, x):
        return self.head(self.backbone(x).flatten(1))


def pretrain(model, images, ids, epochs=2):
    """Dark images: white strokes on black."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(images)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(images[rows]), ids[rows]).backward()
            optimizer.step()


def photographed(pair):
    """Bright images, black strokes on white paper, with the usual normalization."""
    images, ids = pair
    return TensorDataset((1 - images - 0.13) / 0.05, ids)


def make(seed, freeze_bn):
    torch.manual_seed(seed)
    model = Classifier(freeze_bn=False)
    train, val = data.mnist(1500, side=14)
    pretrain(model, (train[0] - 0.13) / 0.3, train[1])
    model.freeze_bn = freeze_bn
    for name, p in model.backbone.named_parameters():
        p.requires_grad = name.startswith("2")
    model.train()
    params = [p for p in model.parameters() if p.requires_grad]
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(params, lr=0.01, momentum=0.9),
        "train": DataLoader(photographed(train), batch_size=32, shuffle=True),
        "val": DataLoader(photographed(val), batch_size=100),
        "epochs": 5,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, freeze_bn=True)


def make_fixed(seed=0):
    return make(seed, freeze_bn=False)
