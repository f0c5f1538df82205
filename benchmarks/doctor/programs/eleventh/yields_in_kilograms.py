"""The last layer is a sigmoid, from 0 to 1, and the yields are hundreds of kilograms."""

import torch
from sklearn.datasets import make_friedman1
from torch import nn

import data

SOURCE = "https://stackoverflow.com/questions/9048031/neural-network-output-scaling-the-output-range"
CAUSES = ("output_activation",)


class YieldNet(nn.Module):
    def __init__(self, mean, std, is_scaled):
        super().__init__()
        self.input_layer = nn.Linear(10, 48)
        self.hidden_layer = nn.Linear(48, 24)
        self.output_layer = nn.Linear(24, 1)
        self.mean, self.std, self.is_scaled = mean, std, is_scaled

    def forward(self, x):
        x = torch.relu(self.input_layer(x))
        x = torch.relu(self.hidden_layer(x))
        x = self.output_layer(x)
        if self.is_scaled:
            return self.mean + self.std * x
        return torch.sigmoid(x)


def fields():
    x, y = make_friedman1(1600, noise=0.6, random_state=3)
    kilograms = torch.tensor(y).float().unsqueeze(1) * 30 + 100
    return data.split((torch.tensor(x).float() - 0.5) / 0.29, kilograms)


def relative_mse(prediction, kilograms):
    return ((prediction - kilograms) / 150).square().mean()


def make(seed, is_scaled):
    torch.manual_seed(seed)
    train, val = fields()
    model = YieldNet(train[1].mean().item(), train[1].std().item(), is_scaled)
    return {
        "model": model,
        "loss_fn": relative_mse,
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.003),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 40,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, is_scaled=False)


def make_fixed(seed=0):
    return make(seed, is_scaled=True)
