"""Log-probabilities (n,) times advantages (n, 1): a matrix of all pairs, and its mean is flat.

The product of the two means is left, and the mean of standardized advantages is zero.
"""

import torch
from torch import nn
from torch.distributions import Categorical
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/pytorch/rl/issues/1243"
CAUSES = ("shape_broadcast",)


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(64, 64), nn.Tanh())
        self.actor = nn.Linear(64, 10)
        self.critic = nn.Linear(64, 1)

    def forward(self, obs):
        h = self.shared(obs)
        return self.actor(h), self.critic(h)


def play(logits, wanted):
    """Return the log-probabilities of sampled actions and a column of their rewards."""
    dist = Categorical(logits=logits)
    action = dist.sample()
    return dist.log_prob(action), (action == wanted).float()[:, None]


class A2CLoss:
    def __init__(self, with_column):
        self.with_column = with_column

    def __call__(self, output, wanted):
        logits, value = output
        log_prob, reward = play(logits, wanted)
        if self.with_column:
            log_prob = log_prob[:, None]
        advantage = reward - value.detach()
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        policy_loss = -(log_prob * advantage).mean()
        return policy_loss + 0.5 * nn.functional.mse_loss(value, reward)


def share_of_best(output, wanted):
    return float((output[0].argmax(1) == wanted).float().mean())


def make(seed, with_column):
    torch.manual_seed(seed)
    net = ActorCritic()
    train, val = data.digits()
    return {
        "model": net,
        "loss_fn": A2CLoss(with_column),
        "optimizer": torch.optim.Adam(net.parameters(), lr=3e-3),
        "train": DataLoader(TensorDataset(*train), batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=150),
        "epochs": 40,
        "metric": share_of_best,
    }


def make_faulty(seed=0):
    return make(seed, with_column=False)


def make_fixed(seed=0):
    return make(seed, with_column=True)
