"""A deep autoencoder of images with sigmoids after all of its layers, the hidden ones too.

The gradient shrinks from layer to layer; every picture comes out as the average picture.
"""

from torch import manual_seed, nn, optim
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/cdoersch/vae_tutorial/issues/5"
CAUSES = ("hidden_activation", "vanishing_gradient", "saturation")


class Digits(Dataset):
    """Pictures that are their own targets."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        return image, image


def autoencoder(neuron):
    return nn.Sequential(
        # encoder
        nn.Conv2d(1, 16, 3, stride=2, padding=1), neuron(),
        nn.Conv2d(16, 16, 3, stride=2, padding=1), neuron(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 128), neuron(),
        nn.Linear(128, 20), neuron(),
        # decoder
        nn.Linear(20, 128), neuron(),
        nn.Linear(128, 16 * 4 * 4), neuron(),
        nn.Unflatten(1, (16, 4, 4)),
        nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1), neuron(),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid(),
    )  # fmt: skip


def make(seed, neuron):
    manual_seed(seed)
    (images, _), (test_images, _) = data.mnist(2000, side=14)
    model = autoencoder(neuron)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(Digits(images), batch_size=32, shuffle=True),
        "val": DataLoader(Digits(test_images), batch_size=128),
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, nn.Sigmoid)


def make_fixed(seed=0):
    return make(seed, lambda: nn.LeakyReLU(0.1))
