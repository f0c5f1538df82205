"""A decoder of shapes lost its skip connections: no gradient gets through twenty-five layers.

It says how full the plane is on the average, for every point and every shape.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SOURCE = "https://github.com/czq142857/IM-NET-pytorch/issues/5"
CAUSES = ("vanishing_gradient", "init", "normalization")


def sample_shapes(n, seed):
    """Points of the plane, the code of a flower with petals, and whether they are inside."""
    draws = torch.Generator().manual_seed(seed)
    petals = torch.randint(2, 5, (n,), generator=draws)
    depth = 0.15 + 0.35 * torch.rand(n, generator=draws)
    points = torch.rand(n, 2, generator=draws) * 2 - 1
    angle = torch.atan2(points[:, 1], points[:, 0])
    radius = 0.7 * (1 + depth * (petals * angle).cos())
    inside = (points.norm(dim=1) < radius).float()
    z = torch.cat([nn.functional.one_hot(petals - 2, 3), (depth[:, None] - 0.3) * 5], dim=1)
    return TensorDataset(points * 1.7, z, inside[:, None])


class Generator(nn.Module):
    def __init__(self, skips, z_dim=4, point_dim=2, gf_dim=32, depth=24):
        super().__init__()
        self.skips = skips
        size = z_dim + point_dim
        self.first = nn.Linear(size, gf_dim)
        again = size if skips else 0
        self.hidden = nn.ModuleList(
            nn.Linear(gf_dim + again, gf_dim) for _ in range(depth - 1)
        )
        self.last = nn.Linear(gf_dim, 1)

    def forward(self, points, z):
        start = torch.cat([points, z], dim=1)
        h = nn.functional.leaky_relu(self.first(start), 0.02)
        for layer in self.hidden:
            given = torch.cat([h, start], dim=1) if self.skips else h
            h = nn.functional.leaky_relu(layer(given), 0.02)
        return torch.sigmoid(self.last(h))


def collate(samples):
    points, z, inside = (torch.stack(column) for column in zip(*samples, strict=True))
    return (points, z), inside


def accuracy(said, inside):
    return float(((said > 0.5) == (inside > 0.5)).float().mean())


def make(seed, skips):
    torch.manual_seed(seed)
    model = Generator(skips)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, betas=(0.9, 0.99))
    epochs = 10
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": DataLoader(
            sample_shapes(4000, 1), batch_size=64, shuffle=True, collate_fn=collate
        ),
        "val": DataLoader(sample_shapes(1000, 2), batch_size=200, collate_fn=collate),
        "epochs": epochs,
        "metric": accuracy,
    }


def make_faulty(seed=0):
    return make(seed, skips=False)


def make_fixed(seed=0):
    return make(seed, skips=True)
