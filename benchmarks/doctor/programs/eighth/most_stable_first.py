"""Energies are learned in the order of the file, stable molecules first, and never shuffled.

Its author thought that a PyTorch loader shuffles by default. After each epoch the network
knows the unstable molecules, which came last.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/choderalab/modelforge/pull/129"
CAUSES = ("shuffle",)
ELEMENTS = 3


class Chains(Dataset):
    """Chains of 4 to 13 atoms; neighbors attract each other, by kind and by distance."""

    def __init__(self, n, seed, longest=13):
        draws = torch.Generator().manual_seed(seed)
        sizes = torch.randint(4, longest + 1, (n,), generator=draws)
        kinds = torch.randint(1, ELEMENTS + 1, (n, longest), generator=draws)
        self.inside = torch.arange(longest) < sizes[:, None]
        self.kinds = kinds * self.inside
        self.gaps = torch.rand(n, longest, generator=draws) * 1.5 + 0.75
        following = self.kinds.roll(-1, 1)
        bonded = self.inside & self.inside.roll(-1, 1)
        bonded[:, -1] = False
        depth = 0.4 * (self.kinds + following)
        morse = depth * ((1 - (-2 * (self.gaps - 1.2)).exp()).square() - 1)
        energy = (morse * bonded).sum(1, keepdim=True)
        self.energy = (energy + 4.5) / 3
        self.order = self.energy[:, 0].argsort().tolist()

    def __len__(self):
        return len(self.energy)

    def __getitem__(self, i):
        row = self.order[i]
        return (self.kinds[row], self.gaps[row]), self.energy[row]


class Potential(nn.Module):
    """Energies of neighbors, by a small network, and what is left by the size, added up."""

    def __init__(self, width=32):
        super().__init__()
        self.element = nn.Embedding(ELEMENTS + 1, 6)
        self.pair = nn.Sequential(
            nn.Linear(13, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.readout = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, kinds, gaps):
        z = self.element(kinds)
        pairs = torch.cat([z[:, :-1], z[:, 1:], gaps[:, :-1, None]], dim=-1)
        bonded = ((kinds[:, :-1] > 0) & (kinds[:, 1:] > 0)).unsqueeze(-1)
        return self.readout((self.pair(pairs) * bonded).sum(1) / 6)


def make(seed, **loader):
    torch.manual_seed(seed)
    model = Potential()
    return {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(Chains(3000, seed=1), batch_size=32, **loader),
        "val": DataLoader(Chains(400, seed=2), batch_size=100),
        "epochs": 14,
        "metric": "r2",
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, shuffle=True)
