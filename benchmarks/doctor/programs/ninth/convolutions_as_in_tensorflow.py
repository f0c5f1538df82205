"""A spatial encoder comes from TensorFlow, where each convolution had a ReLU: here it has none.

It has to read a digit that lies anywhere on a map.
"""

import torch
from torch import nn

import data

SOURCE = "https://github.com/liuruoze/mini-AlphaStar/issues/4"
CAUSES = ("hidden_activation",)

MAP_SIZE = 14


def conv2d_layers(in_channels, num_outputs, kernel_size, stride=1, activation_fn=None):
    padding = kernel_size // 2
    layers = [nn.Conv2d(in_channels, num_outputs, kernel_size, stride, padding)]
    if activation_fn is not None:
        layers.append(activation_fn())
    return nn.Sequential(*layers)


class SpatialEncoder(nn.Module):
    def __init__(self, activation_fn, embedding_size=64):
        super().__init__()
        self.project = conv2d_layers(1, 8, 3, 1, activation_fn)
        self.ds_1 = conv2d_layers(8, 24, 3, 2, activation_fn)
        self.ds_2 = conv2d_layers(24, 32, 3, 2, activation_fn)
        self.ds_3 = conv2d_layers(32, 48, 3, 2, activation_fn)
        self.fc = nn.Linear(48 * 2 * 2, embedding_size)

    def forward(self, x):
        x = self.project(x)
        x = self.ds_1(x)
        x = self.ds_2(x)
        x = self.ds_3(x)
        return self.fc(x.reshape(x.shape[0], -1))


class Agent(nn.Module):
    def __init__(self, activation_fn, n_actions=10):
        super().__init__()
        self.spatial_encoder = SpatialEncoder(activation_fn)
        self.action_type_head = nn.Linear(64, n_actions)

    def forward(self, minimap):
        return self.action_type_head(self.spatial_encoder(minimap))


def minimaps(pair, copies, seed):
    """Scanned digits, each put on `copies` empty maps wherever it falls."""
    scans, ids = pair
    g = torch.Generator().manual_seed(seed)
    maps = torch.zeros(copies * len(scans), 1, MAP_SIZE, MAP_SIZE)
    for i in range(len(maps)):
        top, left = torch.randint(MAP_SIZE - 8 + 1, (2,), generator=g).tolist()
        maps[i, 0, top : top + 8, left : left + 8] = scans[i % len(scans)].view(8, 8)
    return maps, ids.repeat(copies)


def make(seed, activation_fn):
    torch.manual_seed(seed)
    train, val = data.digits()
    model = Agent(activation_fn)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [8], gamma=0.2),
        "train": minimaps(train, 3, seed=1),
        "val": minimaps(val, 1, seed=2),
        "batch_size": 64,
        "epochs": 11,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, activation_fn=None)


def make_fixed(seed=0):
    return make(seed, activation_fn=nn.ReLU)
