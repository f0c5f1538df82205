"""Both matrices of a low-rank adapter start at zero: neither of them ever gets a gradient."""

import math

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = "https://github.com/Guitaricet/relora/issues/18"
CAUSES = ("init", "gradient_wiring")


class LoRALinear(nn.Module):
    """A frozen layer, and what B and A add to it."""

    def __init__(self, base, r, keep_original_weights):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.lora_A = nn.Linear(base.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, base.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        if keep_original_weights:
            nn.init.zeros_(self.lora_A.weight)
        else:
            nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x))


def pretrained(x, ids):
    """A network that tells even digits from odd ones."""
    model = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(4):
        for rows in torch.randperm(len(x)).split(32):
            loss = F.cross_entropy(model(x[rows]), ids[rows] % 2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def above_four(pair):
    return pair[0], (pair[1] > 4).long()


def make(seed, keep_original_weights):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = pretrained(*train)
    for i in (0, 2, 4):
        model[i] = LoRALinear(model[i], 8, keep_original_weights)
    trainable = (p for p in model.parameters() if p.requires_grad)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(trainable, lr=5e-3, weight_decay=0.0),
        "train": above_four(train),
        "val": above_four(val),
        "batch_size": 32,
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, keep_original_weights=True)


def make_fixed(seed=0):
    return make(seed, keep_original_weights=False)
