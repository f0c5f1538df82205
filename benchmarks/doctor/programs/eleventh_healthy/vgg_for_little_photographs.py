"""A small VGG with batch norm tells vehicles from animals, flipped and shifted."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

import data

cfg = [12, "M", 24, "M", 48, "M"]


def make_layers(cfg):
    layers = []
    in_channels = 3
    for v in cfg:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        else:
            conv2d = nn.Conv2d(in_channels, v, kernel_size=3, padding=1)
            layers += [conv2d, nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
            in_channels = v
    return nn.Sequential(*layers)


class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = make_layers(cfg)
        self.classifier = nn.Sequential(nn.Dropout(0.3), nn.Linear(48 * 2 * 2, 2))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                nn.init.constant_(m.bias, 0)

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class Photographs(Dataset):
    def __init__(self, images, ids, augment):
        self.images = (images - images.mean((0, 2, 3), keepdim=True)) / 0.25
        self.is_animal = ((ids >= 2) & (ids <= 7)).long()
        self.augment = augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = self.images[i]
        if self.augment:
            if torch.rand(()) < 0.5:
                image = image.flip(2)
            shift = torch.randint(-1, 2, (2,)).tolist()
            image = image.roll(shift, (1, 2))
        return image, self.is_animal[i]


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.cifar(2000, side=16)
    model = VGG()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.03, momentum=0.9, weight_decay=5e-4
    )
    epochs = 9
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(weight=torch.tensor([1.25, 0.83])),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": DataLoader(Photographs(*train, True), batch_size=48, shuffle=True),
        "val": DataLoader(Photographs(*val, False), batch_size=100),
        "epochs": epochs,
        "metric": "accuracy",
    }
