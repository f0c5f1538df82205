"""An extractor that clones and detaches what the encoder says: the encoder never learns."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/lucidrains/CoCa-pytorch/issues/6"
CAUSES = ("gradient_wiring",)


class Extractor(nn.Module):
    def __init__(self, encoder, detach):
        super().__init__()
        self.encoder = encoder
        self.detach = detach

    def forward(self, x):
        features = self.encoder(x)
        return features.clone().detach() if self.detach else features.clone()


class Classifier(nn.Module):
    def __init__(self, detach):
        super().__init__()
        encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(3),
        )  # fmt: skip
        self.extractor = Extractor(encoder, detach)
        self.head = nn.Linear(72, 10)

    def forward(self, images):
        return self.head(self.extractor(images).flatten(1))


def make(seed, detach):
    torch.manual_seed(seed)
    model = Classifier(detach)
    train, val = data.mnist(1500)
    return {
        "model": model,
        "loss_fn": nn.functional.cross_entropy,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=5e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=128),
        "epochs": 6,
    }


def make_faulty(seed=0):
    return make(seed, detach=True)


def make_fixed(seed=0):
    return make(seed, detach=False)
