"""A model for wearable sensors comes out of a random search with a rate of a tenth."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://github.com/NLeSC/mcfly/issues/43"
CAUSES = ("lr_high",)

ACTIVITIES = ("lying", "walking", "running", "stairs", "cycling")


def wear(activity, rng, length=64):
    """Accelerations along three axes in a sensor that sits as it happens to sit."""
    t = np.arange(length) / 20
    phase = rng.uniform(0, 2 * np.pi)
    pace = rng.uniform(0.9, 1.1)
    axes = np.zeros((3, length))
    axes[2] = 1.0
    if activity == "walking":
        axes[2] += 0.4 * np.sin(2 * np.pi * 1.8 * pace * t + phase)
        axes[0] += 0.2 * np.sin(2 * np.pi * 0.9 * pace * t + phase)
    elif activity == "running":
        axes[2] += 0.6 * np.abs(np.sin(np.pi * 2.4 * pace * t + phase))
        axes[0] += 0.2 * np.sin(2 * np.pi * 1.2 * pace * t + phase)
    elif activity == "stairs":
        axes[2] += 0.4 * np.sin(2 * np.pi * 1.3 * pace * t + phase)
        axes[0] += 0.2 * np.sin(2 * np.pi * 0.65 * pace * t + phase)
    elif activity == "cycling":
        axes[0] += 0.4 * np.sin(2 * np.pi * 1.3 * pace * t + phase)
        axes[1] += 0.4 * np.cos(2 * np.pi * 1.3 * pace * t + phase)
    turn = np.linalg.qr(np.eye(3) + 0.15 * rng.normal(size=(3, 3)))[0]
    turn = turn * np.sign(np.diag(turn))
    return turn @ axes * rng.uniform(0.9, 1.1) + 0.12 * rng.normal(size=axes.shape)


def recordings(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(ACTIVITIES), n)
    x = np.stack([wear(ACTIVITIES[i], rng) for i in y]).astype(np.float32)
    return TensorDataset(torch.from_numpy(x), torch.from_numpy(y))


class DeepConvLSTM(nn.Module):
    def __init__(self, filters, lstm_dims, n_classes=5):
        super().__init__()
        layers, channels = [], 3
        for n in filters:
            layers += [nn.Conv1d(channels, n, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2)]
            channels = n
        self.convs = nn.Sequential(*layers)
        self.lstm = nn.LSTM(channels, lstm_dims, batch_first=True)
        self.dense = nn.Linear(lstm_dims, n_classes)

    def forward(self, x):
        x = self.convs(x).transpose(1, 2)
        states, _ = self.lstm(x)
        return self.dense(states.mean(dim=1))


def generate_model(learning_rate, filters=(16, 24, 32, 32), lstm_dims=32):
    model = DeepConvLSTM(filters, lstm_dims)
    return model, torch.optim.Adam(model.parameters(), lr=learning_rate)


def make(seed, learning_rate):
    torch.manual_seed(seed)
    model, optimizer = generate_model(learning_rate)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(recordings(1000, seed=1), batch_size=32, shuffle=True),
        "val": DataLoader(recordings(300, seed=2), batch_size=100),
        "epochs": 12,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, learning_rate=0.1)


def make_fixed(seed=0):
    return make(seed, learning_rate=0.003)
