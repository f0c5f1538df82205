"""Rewards are standardized in each batch, and divided by zero where all of them are equal.

Once every action of a batch is right, each reward is one, and the policy becomes NaN.
"""

import torch
from torch import nn
from torch.distributions import Categorical

import data

SOURCE = "https://github.com/huseinzol05/Stock-Prediction-Models/issues/43"
CAUSES = ("numerics",)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(13, 64)
        self.affine2 = nn.Linear(64, 3)

    def forward(self, state):
        return self.affine2(torch.tanh(self.affine1(state)))


def reinforce(eps):
    def loss(logits, best):
        policy = Categorical(logits=logits)
        action = policy.sample()
        reward = (action == best).float()
        reward = (reward - reward.mean()) / (reward.std() + eps)
        return -(policy.log_prob(action) * reward).mean()

    return loss


def make(seed, eps):
    torch.manual_seed(seed)
    train, val = data.table("wine")
    policy = Policy()
    return {
        "model": policy,
        "loss_fn": reinforce(eps),
        "optimizer": torch.optim.Adam(policy.parameters(), lr=0.01),
        "train": train,
        "val": val,
        "batch_size": 19,
        "epochs": 60,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, eps=0.0)


def make_fixed(seed=0):
    return make(seed, eps=1e-7)
