"""Prices of used cars, some hundred thousand rupees each, fitted as they are.

The outputs start near zero and would have to grow to half a million.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = (
    "https://discuss.pytorch.org/t/"
    "neural-network-could-not-learn-on-this-type-of-data-why/96648/5"
)
CAUSES = ("input_scale", "lr_low", "output_activation")

BRANDS, FUELS = 9, 3


def listings(n=1800):
    rng = np.random.default_rng(3)
    brand, fuel = rng.integers(0, BRANDS, n), rng.integers(0, FUELS, n)
    age, km = rng.integers(0, 16, n), rng.gamma(3, 22_000, n)
    power = rng.normal(95, 22, n)
    base = np.linspace(2.5e5, 9e5, BRANDS)[brand] * np.array([1.0, 1.2, 0.85])[fuel]
    price = base * 0.9**age * np.exp(-km / 4e5) * (1 + 0.01 * (power - 95))
    price = price * rng.lognormal(0, 0.06, n) + 4e4
    numbers = np.stack([age, km, power], 1)
    numbers = (numbers - numbers[:1350].mean(0)) / numbers[:1350].std(0)
    return numbers, np.stack([brand, fuel], 1), price


class Cars(Dataset):
    def __init__(self, numbers, codes, price):
        self.numbers = torch.tensor(numbers, dtype=torch.float32)
        self.codes = torch.tensor(codes, dtype=torch.long)
        self.price = torch.tensor(price, dtype=torch.float32).view(-1, 1)

    def __len__(self):
        return len(self.price)

    def __getitem__(self, i):
        return (self.numbers[i], self.codes[i]), self.price[i]


class PriceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.brand = nn.Embedding(BRANDS, 4)
        self.fuel = nn.Embedding(FUELS, 2)
        self.layers = nn.Sequential(
            nn.Linear(3 + 4 + 2, 64),
            nn.ReLU(),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, numbers, codes):
        brand, fuel = self.brand(codes[:, 0]), self.fuel(codes[:, 1])
        return self.layers(torch.cat([numbers, brand, fuel], dim=1))


def make(seed, scale_target):
    torch.manual_seed(seed)
    numbers, codes, price = listings()
    if scale_target:
        price = (price - price[:1350].mean()) / price[:1350].std()
    cars = Cars(numbers, codes, price)
    train = torch.utils.data.Subset(cars, range(1350))
    test = torch.utils.data.Subset(cars, range(1350, 1800))
    model = PriceNet()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(test, batch_size=150),
        "epochs": 20,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, scale_target=False)


def make_fixed(seed=0):
    return make(seed, scale_target=True)
