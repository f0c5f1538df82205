"""The Dice coefficient is added to a loss that is minimized: the better the mask, the worse.

Only a second branch, which restores the image, is learned.
"""

import torch
from torch import nn

import data

SOURCE = (
    "https://github.com/IAmSuyogJadhav/"
    "3d-mri-brain-tumor-segmentation-using-autoencoder-regularization/issues/7"
)
CAUSES = ("loss_mismatch",)


def conv_block(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.GroupNorm(4, out_channels),
        nn.ReLU(inplace=True),
    )  # fmt: skip


class SegmentationWithReconstruction(nn.Module):
    """A shared encoder, a decoder for the mask and a second one for the image itself."""

    def __init__(self, width=12):
        super().__init__()
        self.first = conv_block(1, width)
        self.down = nn.Sequential(nn.MaxPool2d(2), conv_block(width, 2 * width))
        self.bottom = conv_block(2 * width, 2 * width)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.mask = nn.Sequential(conv_block(2 * width, width), nn.Conv2d(width, 1, 1))
        self.image = nn.Sequential(conv_block(width, width), nn.Conv2d(width, 1, 1))

    def forward(self, x):
        skip = self.first(x)
        up = self.up(self.bottom(self.down(skip)))
        mask = torch.sigmoid(self.mask(torch.cat([skip, up], dim=1)))
        return mask[:, 0], self.image(up)[:, 0]


def dice_coefficient(y_pred, y_true, e=1e-8):
    intersection = (y_pred * y_true).sum((1, 2))
    return (
        2 * intersection / (y_pred.square().sum((1, 2)) + y_true.square().sum((1, 2)) + e)
    )


def loss_gt(sign):
    def loss_(output, target):
        mask, image = output
        loss_dice = dice_coefficient(mask, target[:, 0]).mean()
        loss_l2 = (image - target[:, 1]).square().mean()
        return sign * loss_dice + 0.1 * loss_l2

    return loss_


def dice_of_masks(output, target):
    return float(dice_coefficient((output[0] > 0.5).float(), target[:, 0]).mean())


def make(seed, sign):
    torch.manual_seed(seed)
    parts = []
    for images, masks in data.blobs_to_segment():
        parts.append((images, torch.stack([masks.float(), images[:, 0]], dim=1)))
    model = SegmentationWithReconstruction()
    return {
        "model": model,
        "loss_fn": loss_gt(sign),
        "optimizer": torch.optim.Adam(model.parameters(), lr=3e-3),
        "train": parts[0],
        "val": parts[1],
        "batch_size": 12,
        "epochs": 10,
        "metric": dice_of_masks,
    }


def make_faulty(seed=0):
    return make(seed, sign=1)


def make_fixed(seed=0):
    return make(seed, sign=-1)
