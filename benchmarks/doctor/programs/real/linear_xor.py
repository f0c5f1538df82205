"""Two linear layers without anything between them cannot learn XOR."""

import torch
import torch.nn as nn

SOURCE = "https://discuss.pytorch.org/t/unable-to-learn-xor-representation-using-2-layers-of-multi-layered-perceptron-mlp/13287/3"
CAUSES = ("hidden_activation",)


def noisy_xor(count, seed):
    draws = torch.Generator().manual_seed(seed)
    bits = torch.randint(0, 2, (count, 2), generator=draws)
    x = bits + 0.1 * torch.randn(count, 2, generator=draws)
    return x, (bits[:, :1] ^ bits[:, 1:]).float()


def make(seed, *between):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 16), *between, nn.Linear(16, 1), nn.Sigmoid())
    return {
        "model": model,
        "loss_fn": nn.BCELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=0.01),
        "train": noisy_xor(600, 1),
        "val": noisy_xor(200, 2),
        "batch_size": 20,
        "epochs": 20,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, nn.ReLU())
