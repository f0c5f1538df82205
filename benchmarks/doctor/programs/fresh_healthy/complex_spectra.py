"""Complex spectra in, complex weights, the size of what comes out as logits."""

import torch
from torch import nn

import data


class ComplexLinear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in, dtype=torch.cfloat) / n_in**0.5)

    def forward(self, z):
        return z @ self.weight.T


class ComplexNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = ComplexLinear(40, 32)
        self.l2 = ComplexLinear(32, 10)

    def forward(self, z):
        z = self.l1(z)
        z = torch.complex(torch.relu(z.real), torch.relu(z.imag))
        return self.l2(z).abs()


def spectra(x):
    return torch.fft.rfft2(x.view(-1, 8, 8), norm="ortho").flatten(1)


def make(seed=0):
    torch.manual_seed(seed)
    model = ComplexNet()
    (x, y), (vx, vy) = data.digits()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": (spectra(x), y),
        "val": (spectra(vx), vy),
        "batch_size": 32,
        "epochs": 12,
        "metric": "accuracy",
    }
