"""Images read as bytes are only made floats: the network sees values from 0 to 255.

torchvision's ToTensor would have divided by 255; this Dataset builds its tensors itself.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://forums.fast.ai/t/lesson-3-book-chapter-4-dividing-by-255/107811"
CAUSES = ("input_scale",)


class DigitFiles(Dataset):
    """Bytes as an image library gives them."""

    def __init__(self, images, labels, scale):
        self.images = (images.squeeze(1) * 255).round().numpy().astype(np.uint8)
        self.labels = labels
        self.scale = scale

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        img = torch.from_numpy(self.images[idx]).float().unsqueeze(0)
        return img / self.scale, self.labels[idx]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = x.view(-1, 320)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


def make(seed, scale):
    torch.manual_seed(seed)
    train, val = data.mnist(2000)
    model = Net()
    return {
        "model": model,
        "loss_fn": F.nll_loss,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9),
        "train": DataLoader(DigitFiles(*train, scale), batch_size=32, shuffle=True),
        "val": DataLoader(DigitFiles(*val, scale), batch_size=256),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, scale=1.0)


def make_fixed(seed=0):
    return make(seed, scale=255.0)
