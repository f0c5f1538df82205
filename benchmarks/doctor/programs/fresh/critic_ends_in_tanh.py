"""A critic ends in tanh, though discounted returns go down to minus ten and below."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/LuEE-C/PPO-Keras/issues/13"
CAUSES = ("output_activation", "saturation")


class Transitions(Dataset):
    """Observations and actions of a cart that is pushed to the middle, and their returns."""

    def __init__(self, observations, actions, returns):
        self.observations, self.actions, self.returns = observations, actions, returns

    def __len__(self):
        return len(self.returns)

    def __getitem__(self, i):
        return (self.observations[i], self.actions[i]), self.returns[i]


def roll_out(count, seed, gamma=0.9, n_steps=40):
    draws = torch.Generator().manual_seed(seed)
    position = torch.randn(count, 1, generator=draws)
    speed = torch.randn(count, 1, generator=draws)
    observations = torch.cat([position, speed], dim=1)
    actions = torch.rand(count, 1, generator=draws) * 2 - 1
    push, returns = actions, torch.zeros(count, 1)
    for t in range(n_steps):
        speed = speed + 0.3 * push
        position = position + 0.3 * speed
        returns = returns - gamma**t * (position.square() + 0.1 * push.square())
        push = (-position - speed).clamp(-1, 1)
    return Transitions(observations, actions, returns)


class Critic(nn.Module):
    def __init__(self, last):
        super().__init__()
        self.fc1 = nn.Linear(3, 64)
        self.fc2 = nn.Linear(64, 64)
        self.q_out = nn.Linear(64, 1)
        self.last = last

    def forward(self, obs, act):
        x = torch.cat([obs, act], dim=-1)
        x = torch.relu(self.fc2(torch.relu(self.fc1(x))))
        return self.last(self.q_out(x))


def make(seed, last):
    torch.manual_seed(seed)
    critic = Critic(last)
    return {
        "model": critic,
        "loss_fn": nn.SmoothL1Loss(),
        "optimizer": torch.optim.Adam(critic.parameters(), lr=1e-3),
        "train": DataLoader(roll_out(2000, 1), batch_size=32, shuffle=True),
        "val": DataLoader(roll_out(500, 2), batch_size=100),
        "epochs": 15,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, torch.tanh)


def make_fixed(seed=0):
    return make(seed, nn.Identity())
