"""Random flips and turns are applied to the images, but not to their masks."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/huggingface/cookbook/issues/248"
CAUSES = ("label_encoding", "bad_data")


class Scenes(Dataset):
    def __init__(self, pair, transform=None):
        self.images, self.masks = pair
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        image, mask = self.images[idx], self.masks[idx]
        if self.transform is not None:
            image, mask = self.transform(image, mask)
        return image, mask


def flip_image(image, mask):
    dims = [d for d in (-2, -1) if torch.rand(()) < 0.5]
    return image.flip(dims), mask


def flip_both(image, mask):
    dims = [d for d in (-2, -1) if torch.rand(()) < 0.5]
    return image.flip(dims), mask.flip(dims)


def iou(logits, masks):
    pred = logits.argmax(1) == 1
    truth = masks == 1
    return float((pred & truth).sum() / (pred | truth).sum().clamp(min=1))


def make(seed, transform):
    torch.manual_seed(seed)
    unet = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(inplace=True),
        nn.Conv2d(16, 16, 5, padding=2, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(inplace=True),
        nn.Conv2d(16, 2, 1),
    )
    train, val = data.blobs_to_segment()
    return {
        "model": unet,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.AdamW(unet.parameters(), lr=5e-3),
        "train": DataLoader(Scenes(train, transform), batch_size=10, shuffle=True),
        "val": DataLoader(Scenes(val), batch_size=30),
        "epochs": 12,
        "metric": iou,
    }


def make_faulty(seed=0):
    return make(seed, flip_image)


def make_fixed(seed=0):
    return make(seed, flip_both)
