"""A patch is paired with twenty others, one of which is from the same photograph.

"No" is right nineteen times in twenty, and the network hardly ever says anything else.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, RandomSampler, WeightedRandomSampler

import data

SOURCE = "https://github.com/zhangzibin/PairCNN-Ranking/issues/1"
CAUSES = ("class_imbalance",)


class QueryDocumentPairs(Dataset):
    """(query, document), and 1 where both are patches of one photograph, else 0."""

    def __init__(self, images, n_documents, seed):
        g = torch.Generator().manual_seed(seed)
        n, size = len(images), 12
        self.left = self.patches(images, size, g)
        self.right = self.patches(images, size, g)
        self.pairs = []
        for q in range(n):
            self.pairs.append((q, q, 1.0))
            for d in torch.randint(1, n, (n_documents - 1,), generator=g).tolist():
                self.pairs.append((q, (q + d) % n, 0.0))

    @staticmethod
    def patches(images, size, g):
        room = images.shape[-1] - size
        corners = torch.randint(room + 1, (len(images), 2), generator=g).tolist()
        cut = [
            im[:, r : r + size, c : c + size]
            for im, (r, c) in zip(images, corners, strict=True)
        ]
        return (torch.stack(cut) - 0.47) / 0.25

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        q, d, label = self.pairs[i]
        return (self.left[q], self.right[d]), torch.tensor([label])


class PairCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 32),
        )  # fmt: skip
        self.fc = nn.Sequential(nn.Linear(96, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, query, document):
        q, d = self.cnn(query), self.cnn(document)
        return self.fc(torch.cat([q + d, (q - d).abs(), q * d], dim=1))


def mean_recall(output, target):
    yes, match = output > 0, target > 0.5
    found = yes[match].float().mean()
    refused = (~yes[~match]).float().mean()
    return ((found + refused) / 2).item()


def make(seed, resample):
    torch.manual_seed(seed)
    (images, _), (val_images, _) = data.cifar(1500)
    trainset = QueryDocumentPairs(images, n_documents=20, seed=1)
    valset = QueryDocumentPairs(val_images[:250], n_documents=20, seed=2)
    if resample:
        # matches and others with equal chances
        labels = torch.tensor([label for _, _, label in trainset.pairs])
        weights = torch.where(labels == 1, 19.0, 1.0)
        sampler = WeightedRandomSampler(weights, num_samples=5000)
    else:
        sampler = RandomSampler(trainset, num_samples=5000)
    model = PairCNN()
    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": DataLoader(trainset, batch_size=50, sampler=sampler),
        "val": DataLoader(valset, batch_size=2000),
        "epochs": 6,
        "metric": mean_recall,
    }


def make_faulty(seed=0):
    return make(seed, resample=False)


def make_fixed(seed=0):
    return make(seed, resample=True)
