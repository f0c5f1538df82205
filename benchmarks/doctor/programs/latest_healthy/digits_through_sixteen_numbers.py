"""An autoencoder of linear layers squeezes images, from -1 to 1, through sixteen numbers."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data


class Images(Dataset):
    def __init__(self, images, transform):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img = self.transform(self.images[i])
        return img, img


class autoencoder(nn.Module):  # noqa: N801
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(14 * 14, 128), nn.ReLU(True),
            nn.Linear(128, 64), nn.ReLU(True), nn.Linear(64, 16),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(16, 64), nn.ReLU(True),
            nn.Linear(64, 128), nn.ReLU(True), nn.Linear(128, 14 * 14), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x):
        return self.decoder(self.encoder(x))


def make(seed=0):
    torch.manual_seed(seed)
    (images, _), (test_images, _) = data.mnist(2000, side=14)
    model = autoencoder()

    def img_transform(img):
        return (img.view(-1) - 0.5) / 0.5

    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-5),
        "train": DataLoader(Images(images, img_transform), batch_size=32, shuffle=True),
        "val": DataLoader(Images(test_images, img_transform), batch_size=128),
        "epochs": 20,
        "metric": "r2",
    }
