"""An optimizer that only uses the sign of its momentum (Lion), with decay of one tenth."""

import torch
from torch import nn
from torch.optim import Optimizer

import data


class Lion(Optimizer):
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["exp_avg"] = torch.zeros_like(p)
                exp_avg = state["exp_avg"]
                p.mul_(1 - group["lr"] * group["weight_decay"])
                update = exp_avg.mul(beta1).add(p.grad, alpha=1 - beta1).sign_()
                p.add_(update, alpha=-group["lr"])
                exp_avg.mul_(beta2).add_(p.grad, alpha=1 - beta2)
        return loss


def make(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(64, 96), nn.SiLU(), nn.LayerNorm(96), nn.Linear(96, 48), nn.SiLU(),
        nn.Linear(48, 10),
    )  # fmt: skip
    train, val = data.digits()
    return {
        "model": net,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": Lion(net.parameters(), lr=1e-3, weight_decay=0.1),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 10,
        "metric": "accuracy",
    }
