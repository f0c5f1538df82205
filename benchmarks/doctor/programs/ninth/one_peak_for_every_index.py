"""A reader of tracks fills one buffer again and again: all samples are the last one."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

SOURCE = "https://github.com/NVIDIA-Genomics-Research/AtacWorks/issues/207"
CAUSES = ("bad_data",)

INTERVAL = 96


def simulated_tracks(n, seed):
    """Clean coverage with peaks of several widths, and the same from a few reads only."""
    rng = np.random.default_rng(seed)
    x = np.arange(INTERVAL)
    clean = np.full((n, INTERVAL), 0.3)
    for row in clean:
        for _ in range(rng.integers(1, 4)):
            center, width = rng.uniform(8, INTERVAL - 8), rng.uniform(2, 6)
            row += rng.uniform(2, 6) * np.exp(-0.5 * ((x - center) / width) ** 2)
    noisy = rng.poisson(clean / 2) * 2.0
    return {"input": noisy.astype("float32"), "label_reg": clean.astype("float32")}


class TrackDataset(Dataset):
    def __init__(self, h5, is_copied):
        self.samples = []
        x = np.empty(INTERVAL, dtype="float32")
        y = np.empty(INTERVAL, dtype="float32")
        for i in range(len(h5["input"])):
            x[:] = np.log1p(h5["input"][i])
            y[:] = h5["label_reg"][i]
            if is_copied:
                sample = torch.tensor(x), torch.tensor(y)
            else:
                sample = torch.from_numpy(x), torch.from_numpy(y)
            self.samples.append(sample)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, idx):
        x, y = self.samples[idx]
        return x.unsqueeze(0), y.unsqueeze(0)


class ConvBlock(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.conv1 = nn.Conv1d(
            channels, channels, 7, padding=3 * dilation, dilation=dilation
        )
        self.conv2 = nn.Conv1d(
            channels, channels, 7, padding=3 * dilation, dilation=dilation
        )

    def forward(self, x):
        return torch.relu(x + self.conv2(torch.relu(self.conv1(x))))


class DenoisingResNet(nn.Module):
    def __init__(self, channels=16, num_blocks=2):
        super().__init__()
        self.stem = nn.Conv1d(1, channels, 7, padding=3)
        self.body = nn.Sequential(*[ConvBlock(channels, 2**i) for i in range(num_blocks)])
        self.regressor = nn.Conv1d(channels, 1, 1)

    def forward(self, x):
        return self.regressor(self.body(torch.relu(self.stem(x))))


def make(seed, is_copied):
    torch.manual_seed(seed)
    model = DenoisingResNet()
    val = simulated_tracks(150, seed=12)
    x_val = torch.from_numpy(np.log1p(val["input"])).unsqueeze(1)
    y_val = torch.from_numpy(val["label_reg"]).unsqueeze(1)
    train = TrackDataset(simulated_tracks(600, seed=11), is_copied)
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(TensorDataset(x_val, y_val), batch_size=64),
        "epochs": 12,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed, is_copied=False)


def make_fixed(seed=0):
    return make(seed, is_copied=True)
