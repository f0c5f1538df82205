"""The prediction is taken out of the graph; to silence the error, the loss is made a Variable.

backward() then ends at that Variable, and no weight of the denoiser ever changes.
"""

import torch
from torch import nn
from torch.autograd import Variable
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/speechbrain/speechbrain/issues/735"
CAUSES = ("gradient_wiring",)


class Enhancer(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 16, 5, padding=2), nn.LeakyReLU(), nn.BatchNorm1d(16),
            nn.Conv1d(16, 16, 9, padding=4), nn.LeakyReLU(), nn.BatchNorm1d(16),
            nn.Conv1d(16, 1, 5, padding=2),
        )  # fmt: skip

    def forward(self, sig):
        return self.conv(sig)


class Brain:
    """Runs one batch: compute_forward, compute_objectives, backward, step."""

    def __init__(self, wrap):
        self.wrap = wrap

    def compute_forward(self, model, sig):
        predict = model(sig)
        return {"predict": predict.data if self.wrap else predict}

    def compute_objectives(self, predictions, clean, loss_fn):
        loss = loss_fn(predictions["predict"], clean)
        if self.wrap:
            loss = Variable(loss, requires_grad=True)
        return loss

    def fit_batch(self, model, optimizer, loss_fn, sig, clean):
        optimizer.zero_grad()
        outputs = self.compute_forward(model, sig)
        loss = self.compute_objectives(outputs, clean, loss_fn)
        loss.backward()
        optimizer.step()
        return loss.detach().cpu()


def noisy_speech(count=700, length=64):
    draws = torch.Generator().manual_seed(12)
    time = torch.arange(length)[None, None]
    phase = 6.28 * torch.rand(count, 2, 1, generator=draws)
    speed = 0.1 + 0.4 * torch.rand(count, 2, 1, generator=draws)
    clean = (speed * time + phase).sin().sum(1, keepdim=True) / 2
    return clean + 0.6 * torch.randn(clean.shape, generator=draws), clean


def make(seed, wrap):
    torch.manual_seed(seed)
    model = Enhancer()
    train, valid = data.split(*noisy_speech())
    return {
        "model": model,
        "loss_fn": nn.functional.mse_loss,
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=25, shuffle=True),
        "val": DataLoader(TensorDataset(*valid), batch_size=25),
        "epochs": 8,
        "metric": "r2",
        "step": Brain(wrap).fit_batch,
    }


def make_faulty(seed=0):
    return make(seed, wrap=True)


def make_fixed(seed=0):
    return make(seed, wrap=False)
