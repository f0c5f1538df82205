"""Training images are normalized, test images are not: training goes well, testing does not."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/JeasunLok/ResNet-pytorch/issues/1"
CAUSES = ("input_scale", "bad_data", "normalization")


def compose(*transforms):
    def apply(img):
        for t in transforms:
            img = t(img)
        return img

    return apply


def to_tensor(img):
    return img.float() / 255


def normalize(img):
    mean = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1)
    std = torch.tensor([0.2470, 0.2435, 0.2616]).view(3, 1, 1)
    return (img - mean) / std


class AnimalOrVehicle(Dataset):
    """Images of CIFAR-10 as bytes: 1 for an animal, 0 for what drives, sails or flies."""

    def __init__(self, pair, transform):
        images, ids = pair
        self.images = (images * 255).byte()
        self.labels = torch.tensor([0, 0, 1, 1, 1, 1, 1, 1, 0, 0])[ids]
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.transform(self.images[i]), self.labels[i]


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = nn.Conv2d(cin, cout, 1, stride, bias=False)

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


def make(seed, test_transform):
    torch.manual_seed(seed)
    net = nn.Sequential(
        BasicBlock(3, 12, 2), BasicBlock(12, 24, 2), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(96, 2),
    )  # fmt: skip
    train, val = data.cifar(1500, side=16)
    train_transform = compose(to_tensor, normalize)
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": DataLoader(
            AnimalOrVehicle(train, train_transform), batch_size=32, shuffle=True
        ),
        "val": DataLoader(AnimalOrVehicle(val, test_transform), batch_size=100),
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, to_tensor)


def make_fixed(seed=0):
    return make(seed, compose(to_tensor, normalize))
