"""House numbers are read at a rate of 0.16 instead of 0.016: no digit is learned."""

import torch
import torch.nn.functional as F
from torch import nn

import data

SOURCE = "https://github.com/potterhsu/SVHNClassifier-PyTorch/issues/12"
CAUSES = ("lr_high",)


class Dataset(torch.utils.data.Dataset):
    """Doors with one or two digits of 14 x 14; a place without a digit has class 10."""

    def __init__(self, pair, size, seed):
        x, y = pair
        g = torch.Generator().manual_seed(seed)
        picked = torch.randint(len(x), (size, 2), generator=g)
        self.lengths = torch.randint(1, 3, (size,), generator=g)
        empty = torch.arange(2) >= self.lengths[:, None]
        doors = x[picked, 0] * ~empty[:, :, None, None]
        doors = doors.permute(0, 2, 1, 3).reshape(size, 1, 14, 28)
        shift = torch.randint(-1, 2, (size,), generator=g)
        rolled = [d.roll(int(s), 2) for d, s in zip(doors, shift, strict=True)]
        paint = 0.3 + 0.4 * torch.rand(size, 1, 1, 1, generator=g)
        noise = 0.03 * torch.randn(size, 1, 14, 28, generator=g)
        self.images = torch.stack(rolled) * paint + 0.2 + noise
        self.images = (self.images - 0.5) / 0.5
        self.digits = y[picked].masked_fill(empty, 10)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        target = torch.cat([self.lengths[index, None] - 1, self.digits[index]])
        return self.images[index], target


class Model(nn.Module):
    def __init__(self):
        super().__init__()

        def hidden(channels, out):
            return nn.Sequential(
                nn.Conv2d(channels, out, kernel_size=3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(kernel_size=2, stride=2),
            )

        self._features = nn.Sequential(hidden(1, 10), hidden(10, 20))
        self._classifier = nn.Sequential(
            nn.Linear(20 * 3 * 7, 128), nn.ReLU(), nn.Dropout(0.2)
        )
        self._digit_length = nn.Linear(128, 2)
        self._digit1 = nn.Linear(128, 11)
        self._digit2 = nn.Linear(128, 11)

    def forward(self, x):
        x = self._features(x)
        x = self._classifier(x.view(x.size(0), -1))
        return self._digit_length(x), self._digit1(x), self._digit2(x)


def loss(logits, target):
    return sum(F.cross_entropy(head, target[:, i]) for i, head in enumerate(logits))


def accuracy(logits, target):
    guess = torch.stack([head.argmax(1) for head in logits], 1)
    return float((guess == target).all(1).float().mean())


def make(seed, lr):
    torch.manual_seed(seed)
    train, val = data.mnist(4500, 14)
    model = Model()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=lr, momentum=0.9, weight_decay=0.0005
    )
    return {
        "model": model,
        "loss_fn": loss,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1),
        "train": Dataset(train, 4000, seed=1),
        "val": Dataset(val, 500, seed=2),
        "batch_size": 32,
        "epochs": 7,
        "metric": accuracy,
    }


def make_faulty(seed=0):
    return make(seed, lr=0.16)


def make_fixed(seed=0):
    return make(seed, lr=0.016)
