"""The convolutions of a decoder are made where they are used, in forward: new in each call."""

import torch
import torch.nn as nn
import torch.nn.functional as F

import data

SOURCE = "https://github.com/gupta-abhay/setr-pytorch/issues/4"
CAUSES = ("frozen_parameters", "gradient_wiring")


class SegmentationTransformer(nn.Module):
    """Patches of a noisy image go through a small Transformer, and a decoder draws the mask."""

    def __init__(self, img_dim=16, patch_dim=2, embedding_dim=24, num_classes=2):
        super().__init__()
        self.img_dim, self.grid = img_dim, img_dim // patch_dim
        self.embedding_dim, self.num_classes = embedding_dim, num_classes
        self.linear_encoding = nn.Conv2d(1, embedding_dim, patch_dim, stride=patch_dim)
        self.position_encoding = nn.Parameter(torch.zeros(1, self.grid**2, embedding_dim))
        layer = nn.TransformerEncoderLayer(
            embedding_dim, 4, 48, dropout=0.0, batch_first=True
        )
        self.transformer = nn.TransformerEncoder(layer, 1)
        self.pre_head_ln = nn.LayerNorm(embedding_dim)

    def encode(self, x):
        x = self.linear_encoding(x).flatten(2).transpose(1, 2)
        x = self.transformer(x + self.position_encoding)
        x = self.pre_head_ln(x)
        return x.transpose(1, 2).reshape(-1, self.embedding_dim, self.grid, self.grid)

    def decode(self, x):
        raise NotImplementedError

    def forward(self, x):
        return self.decode(self.encode(x))


class SETRNaive(SegmentationTransformer):
    def decode(self, x):
        conv1 = nn.Conv2d(self.embedding_dim, self.embedding_dim, 1)
        bn1 = nn.BatchNorm2d(self.embedding_dim)
        conv2 = nn.Conv2d(self.embedding_dim, self.num_classes, 1)
        x = conv2(F.relu(bn1(conv1(x))))
        return F.interpolate(x, size=self.img_dim, mode="bilinear", align_corners=False)


class SETRNaiveInit(SegmentationTransformer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = nn.Conv2d(self.embedding_dim, self.embedding_dim, 1)
        self.bn1 = nn.BatchNorm2d(self.embedding_dim)
        self.conv2 = nn.Conv2d(self.embedding_dim, self.num_classes, 1)

    def decode(self, x):
        x = self.conv2(F.relu(self.bn1(self.conv1(x))))
        return F.interpolate(x, size=self.img_dim, mode="bilinear", align_corners=False)


def iou(output, target):
    pred = output.argmax(1)
    inter = ((pred == 1) & (target == 1)).sum()
    union = ((pred == 1) | (target == 1)).sum()
    return (inter / union.clamp(min=1)).item()


def make(seed, cls):
    torch.manual_seed(seed)
    model = cls()
    train, val = data.blobs_to_segment(count=320)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": train,
        "val": val,
        "batch_size": 16,
        "epochs": 10,
        "metric": iou,
    }


def make_faulty(seed=0):
    return make(seed, SETRNaive)


def make_fixed(seed=0):
    return make(seed, SETRNaiveInit)
