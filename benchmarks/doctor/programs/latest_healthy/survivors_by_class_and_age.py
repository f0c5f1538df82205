"""A table of passengers: embeddings for the categories, scaled numbers, and who survived."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def passengers(n=1100):
    """Draw a list of passengers; chance has its part in who survives."""
    rng = np.random.default_rng(1912)
    sex = rng.binomial(1, 0.36, n)
    pclass = rng.choice(3, n, p=[0.25, 0.2, 0.55])
    port = rng.choice(3, n, p=[0.2, 0.1, 0.7])
    age = np.clip(rng.normal(38 - 6 * pclass, 13), 0.5, 80)
    fare = np.exp(rng.normal(4.3 - 0.9 * pclass, 0.5))
    logit = 2.9 * sex - 1.2 * pclass - 0.035 * (age - 30) + 1.5 * (age < 10) - 0.2
    survived = rng.random(n) < 1 / (1 + np.exp(-logit))
    categories = np.stack([sex, pclass, port], axis=1)
    age[rng.random(n) < 0.18] = np.nan
    return categories, np.stack([age, fare], axis=1), survived.astype("float32")


class PassengerDataset(Dataset):
    def __init__(self, cats, nums, y, stats):
        median, mean, std = stats
        nums = np.where(np.isnan(nums), median, nums)
        nums = (np.log1p(nums) - mean) / std
        self.cats = torch.as_tensor(cats, dtype=torch.long)
        self.nums = torch.as_tensor(nums, dtype=torch.float32)
        self.y = torch.as_tensor(y).unsqueeze(1)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {"cats": self.cats[i], "nums": self.nums[i]}, self.y[i]


class TabularModel(nn.Module):
    def __init__(self, emb_szs, n_cont, layers=(32, 16), p=0.2):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(ni, nf) for ni, nf in emb_szs])
        self.bn_cont = nn.BatchNorm1d(n_cont)
        blocks, n_in = [], sum(nf for _, nf in emb_szs) + n_cont
        for n_out in layers:
            blocks += [
                nn.Linear(n_in, n_out),
                nn.ReLU(),
                nn.BatchNorm1d(n_out),
                nn.Dropout(p),
            ]
            n_in = n_out
        self.layers = nn.Sequential(*blocks, nn.Linear(n_in, 1))

    def forward(self, cats, nums):
        x = [emb(cats[:, i]) for i, emb in enumerate(self.embeds)]
        return self.layers(torch.cat([*x, self.bn_cont(nums)], 1))


def accuracy(output, target):
    return ((output > 0).float() == target).float().mean().item()


def make(seed=0):
    torch.manual_seed(seed)
    cats, nums, y = passengers()
    median = np.nanmedian(nums[:800], axis=0)
    logs = np.log1p(np.where(np.isnan(nums[:800]), median, nums[:800]))
    stats = median, logs.mean(0), logs.std(0)
    train = PassengerDataset(cats[:800], nums[:800], y[:800], stats)
    valid = PassengerDataset(cats[800:], nums[800:], y[800:], stats)
    model = TabularModel([(2, 2), (3, 2), (3, 2)], 2)
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-2),
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(valid, batch_size=100),
        "epochs": 15,
        "metric": accuracy,
    }
