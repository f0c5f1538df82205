"""An LSTM reads poses as pixels of the frame, hundreds of them, instead of normalized ones."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = (
    "https://github.com/stuarteiffert/"
    "RNN-for-Human-Activity-Recognition-using-2D-Pose-Input/issues/23"
)
CAUSES = ("input_scale", "saturation")

ACTIONS = ["walking", "running", "carrying", "waving"]
#        head, hand l, hand r, hip, knee l, knee r, foot l, foot r; in heights of a person
STANDING = torch.tensor(
    [[0, -0.5], [-0.15, 0], [0.15, 0], [0, 0], [-0.05, 0.25], [0.05, 0.25],
     [-0.05, 0.5], [0.05, 0.5]]
)  # fmt: skip


def film(action, frames, draws):
    """Eight joints of one person in pixels of a frame of 640 x 480, (frames, 16)."""
    rand = lambda low, high: low + (high - low) * torch.rand(1, generator=draws)  # noqa: E731
    period = rand(7, 10) if action == "running" else rand(11, 16)
    swing = rand(0.16, 0.24) if action == "running" else rand(0.10, 0.18)
    phase = 2 * math.pi * (torch.arange(frames) / period + rand(0, 1))
    pose = STANDING.repeat(frames, 1, 1)
    beat = swing * phase.sin()
    if action != "waving":
        pose[:, 4, 0] += beat / 2
        pose[:, 5, 0] -= beat / 2
        pose[:, 6, 0] += beat
        pose[:, 7, 0] -= beat
    if action in ("walking", "running"):
        pose[:, 1, 0] -= beat
        pose[:, 2, 0] += beat
    elif action == "carrying":
        pose[:, 1:3, 1] -= 0.1
    else:
        pose[:, 2, 1] -= 0.3
        pose[:, 2, 0] += beat
    pose = pose + 0.03 * torch.randn(pose.shape, generator=draws)
    height = rand(90, 260)
    place = torch.cat([rand(120, 520), rand(140, 340)])
    return (pose * height + place).flatten(1)


class PoseFilms(Dataset):
    def __init__(self, count, is_normalized, seed, frames=20):
        draws = torch.Generator().manual_seed(seed)
        self.y = torch.arange(count) % len(ACTIONS)
        self.x = torch.stack([film(ACTIONS[i], frames, draws) for i in self.y.tolist()])
        if is_normalized:  # of each person, x and y apart
            joints = self.x.view(count, frames, 8, 2)
            mean = joints.mean((1, 2), keepdim=True)
            joints = (joints - mean) / joints.std((1, 2), keepdim=True)
            self.x = joints.flatten(2)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class LSTMRNN(nn.Module):
    def __init__(self, n_input=16, n_hidden=34, n_classes=4):
        super().__init__()
        self.hidden = nn.Linear(n_input, n_hidden)
        self.lstm = nn.LSTM(n_hidden, n_hidden, batch_first=True)
        self.out = nn.Linear(n_hidden, n_classes)

    def forward(self, x):
        x = torch.relu(self.hidden(x))
        steps, _ = self.lstm(x)
        return self.out(steps[:, -1])


def make(seed, is_normalized):
    torch.manual_seed(seed)
    model = LSTMRNN()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(PoseFilms(800, is_normalized, seed=11), 32, shuffle=True),
        "val": DataLoader(PoseFilms(300, is_normalized, seed=12), 150),
        "epochs": 16,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, is_normalized=False)


def make_fixed(seed=0):
    return make(seed, is_normalized=True)
