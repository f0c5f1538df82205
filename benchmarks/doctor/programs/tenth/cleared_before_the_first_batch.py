"""A siamese network whose gradients are cleared once an epoch, in front of its first batch.

From then on each step adds the gradients of all batches before it.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/heartcored98/Standalone-DeepLearning/issues/11"
CAUSES = ("zero_grad_missing",)


class Couples(Dataset):
    """Two rows of pixels each; 1 where they show the same digit, as every second does."""

    def __init__(self, pair, size, seed):
        rows, ids = pair
        draws = torch.Generator().manual_seed(seed)
        of_digit = [(ids == digit).nonzero()[:, 0] for digit in range(10)]
        self.samples = []
        for i in range(size):
            first = int(torch.randint(len(ids), (), generator=draws))
            digit = int(ids[first])
            if i % 2 == 0:
                digit = (digit + 1 + int(torch.randint(9, (), generator=draws))) % 10
            others = of_digit[digit]
            second = int(others[torch.randint(len(others), (), generator=draws)])
            self.samples.append((torch.stack([rows[first], rows[second]]), float(i % 2)))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        couple, same = self.samples[i]
        return couple, torch.tensor(same)


class SiameseNet(nn.Module):
    """Returns the squared distance of the two embeddings of a couple."""

    def __init__(self):
        super().__init__()
        self.embedding_net = nn.Sequential(
            nn.Linear(64, 128),
            nn.PReLU(),
            nn.Linear(128, 64),
            nn.PReLU(),
            nn.Linear(64, 16),
        )

    def forward(self, couples):
        one, two = self.embedding_net(couples).unbind(1)
        return (one - two).square().sum(1)


def contrastive_loss(squared, same, margin=2.0):
    too_near = F.relu(margin - (squared + 1e-8).sqrt()).square()
    return 0.5 * (same * squared + (1 - same) * too_near).mean()


def right_couples(squared, same, threshold=1.0):
    return float(((squared < threshold) == (same > 0.5)).float().mean())


def step_of_an_epoch(num_batches, clears_always):
    done = 0

    def step(model, optimizer, loss_fn, couples, same):
        nonlocal done
        if clears_always or done % num_batches == 0:
            optimizer.zero_grad()
        loss = loss_fn(model(couples), same)
        loss.backward()
        optimizer.step()
        done += 1
        return loss

    return step


def make(seed, clears_always):
    torch.manual_seed(seed)
    train, val = data.digits()
    loader = DataLoader(Couples(train, 3000, 1), batch_size=50, shuffle=True)
    model = SiameseNet()
    return {
        "model": model,
        "loss_fn": contrastive_loss,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": loader,
        "val": DataLoader(Couples(val, 1000, 2), batch_size=250),
        "epochs": 15,
        "metric": right_couples,
        "step": step_of_an_epoch(len(loader), clears_always),
    }


def make_faulty(seed=0):
    return make(seed, clears_always=False)


def make_fixed(seed=0):
    return make(seed, clears_always=True)
