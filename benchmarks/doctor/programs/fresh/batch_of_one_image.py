"""A rate that was set for eight devices is kept for one image a batch: training is unstable."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/yuantianyuan01/StreamMapNet/issues/15"
CAUSES = ("batch_size", "lr_high")


class Locator(nn.Module):
    """Where the center of the disk is, in columns and rows from -1 to 1."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.fc1 = nn.Linear(16 * 4 * 4, 32)
        self.fc2 = nn.Linear(32, 2)

    def forward(self, image):
        x = torch.relu(self.conv1(image))
        x = torch.relu(self.conv2(x))
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def centers(pair):
    images, inside = pair
    inside = inside.float()
    along = torch.linspace(-1, 1, 16)
    area = inside.sum((1, 2))
    column = (inside.sum(1) * along).sum(1) / area
    row = (inside.sum(2) * along).sum(1) / area
    return TensorDataset(images, torch.stack([column, row], dim=1))


def make(seed, samples_per_gpu):
    torch.manual_seed(seed)
    model = Locator()
    train, val = data.blobs_to_segment(count=400)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.08, momentum=0.9)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "train": DataLoader(centers(train), batch_size=samples_per_gpu, shuffle=True),
        "val": DataLoader(centers(val), batch_size=50),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, samples_per_gpu=1)


def make_fixed(seed=0):
    return make(seed, samples_per_gpu=8)
