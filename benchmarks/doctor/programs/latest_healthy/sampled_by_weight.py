"""Three digits, one of them rare: a weighted sampler balances the batches of training."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

import data


def three_kinds(pair, keep=(1.0, 0.6, 0.12)):
    """Fours, sevens and nines, of which only a part is kept, as it is in the field."""
    images, ids = pair
    chosen, labels = [], []
    for label, digit in enumerate([4, 7, 9]):
        rows = (ids == digit).nonzero().flatten()
        rows = rows[: int(len(rows) * keep[label])]
        chosen.append(images[rows])
        labels.append(torch.full((len(rows),), label))
    return TensorDataset(torch.cat(chosen), torch.cat(labels))


def mean_recall(output, target):
    pred = output.argmax(1)
    recalls = [(pred[target == c] == c).float().mean() for c in target.unique()]
    return torch.stack(recalls).mean().item()


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.layer2 = nn.Sequential(
            nn.Conv2d(16, 32, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.drop_out = nn.Dropout(0.4)
        self.fc1 = nn.Linear(3 * 3 * 32, 50)
        self.fc2 = nn.Linear(50, 3)

    def forward(self, x):
        out = self.layer2(self.layer1(x))
        out = out.reshape(out.size(0), -1)
        return self.fc2(torch.relu(self.fc1(self.drop_out(out))))


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.mnist(4000, side=14)
    trainset, valset = three_kinds(train), three_kinds(val)
    targets = trainset.tensors[1]
    class_sample_count = torch.bincount(targets)
    weights = (1.0 / class_sample_count.float())[targets]
    sampler = WeightedRandomSampler(weights.double(), num_samples=len(weights))
    model = ConvNet()
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        "train": DataLoader(trainset, batch_size=32, sampler=sampler),
        "val": DataLoader(valset, batch_size=len(valset)),
        "epochs": 10,
        "metric": mean_recall,
    }
