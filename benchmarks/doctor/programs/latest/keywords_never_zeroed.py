"""The executor of a keyword spotter calls backward and step, but nobody calls zero_grad."""

import math

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/wenet-e2e/wekws/pull/73"
CAUSES = ("zero_grad_missing",)

RATE = 2000


def spoken(count=800, seed=41):
    """Two tones after each other, in noise: which of four 'words' it is, as log spectra."""
    draws = torch.Generator().manual_seed(seed)
    words = torch.tensor([[200.0, 350.0], [350.0, 200.0], [200.0, 500.0], [500.0, 350.0]])
    labels = torch.randint(0, 4, (count,), generator=draws)
    pitch = words[labels] * (1 + 0.12 * torch.randn(count, 1, generator=draws))
    time = torch.arange(640) / RATE
    change = 200 + 240 * torch.rand(count, 1, generator=draws)
    is_late = torch.arange(640)[None] > change
    tone = torch.where(is_late, pitch[:, 1:], pitch[:, :1])
    wave = torch.sin(2 * math.pi * tone * time)
    wave = wave + 1.2 * torch.randn(wave.shape, generator=draws)
    window = torch.hann_window(64)
    spectra = torch.stft(wave, 64, 32, window=window, return_complex=True).abs()
    feats = (spectra.square() + 1e-3).log().transpose(1, 2)
    return (feats - feats.mean((0, 1))) / feats.std((0, 1)), labels


class KWSModel(nn.Module):
    def __init__(self, idim=33, hdim=32, odim=4):
        super().__init__()
        self.preprocessing = nn.Sequential(nn.Linear(idim, hdim), nn.ReLU())
        self.backbone = nn.GRU(hdim, hdim, num_layers=2, batch_first=True)
        self.classifier = nn.Linear(hdim, odim)

    def forward(self, feats):
        out, _ = self.backbone(self.preprocessing(feats))
        return self.classifier(out[:, -1])


class Executor:
    def __init__(self, zero_grad, grad_clip=5.0):
        self.step = 0
        self.zero_grad = zero_grad
        self.grad_clip = grad_clip

    def train(self, model, optimizer, loss_fn, feats, target):
        loss = loss_fn(model(feats), target)
        if self.zero_grad:
            optimizer.zero_grad()
        loss.backward()
        grad_norm = clip_grad_norm_(model.parameters(), self.grad_clip)
        if torch.isfinite(grad_norm):
            optimizer.step()
        self.step += 1
        return loss.item()


def make(seed, zero_grad):
    torch.manual_seed(seed)
    model = KWSModel()
    train, cv = data.split(*spoken())
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(TensorDataset(*train), batch_size=25, shuffle=True),
        "val": DataLoader(TensorDataset(*cv), batch_size=100),
        "epochs": 10,
        "metric": "accuracy",
        "step": Executor(zero_grad).train,
    }


def make_faulty(seed=0):
    return make(seed, zero_grad=False)


def make_fixed(seed=0):
    return make(seed, zero_grad=True)
