"""norm_eval=True is for pretrained backbones; this one begins from scratch.

Its batch norm divides by one and subtracts zero, from the first step to the last.
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/open-mmlab/mmdetection/issues/5109"
CAUSES = ("train_eval_mode", "normalization")


class ConvModule(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.activate = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.activate(self.bn(self.conv(x)))


class VGG(nn.Module):
    def __init__(self, widths=(12, 24, 32), convs=3, norm_eval=True):
        super().__init__()
        self.norm_eval = norm_eval
        channels, layers = 3, []
        for i, width in enumerate(widths):
            for j in range(convs):
                stride = 2 if i > 0 and j == 0 else 1
                layers.append(ConvModule(channels, width, stride))
                channels = width
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)

    def train(self, mode=True):
        super().train(mode)
        if mode and self.norm_eval:
            for m in self.modules():
                # trick: eval have effect on BatchNorm only
                if isinstance(m, _BatchNorm):
                    m.eval()
        return self


class Classifier(nn.Module):
    def __init__(self, backbone, channels, num_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)
        )

    def forward(self, img):
        return self.head(self.backbone(img))


def subset(pair, classes=(0, 1, 6, 7)):
    images, ids = pair
    keep = torch.isin(ids, torch.tensor(classes))
    labels = torch.tensor([classes.index(i) for i in ids[keep].tolist()])
    return TensorDataset((images[keep] - 0.47) / 0.25, labels)


def train_iter(model, optimizer, loss_fn, img, gt_label):
    model.train()
    loss = loss_fn(model(img), gt_label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def make(seed, norm_eval):
    torch.manual_seed(seed)
    train, val = data.cifar(2400, side=16)
    model = Classifier(VGG(norm_eval=norm_eval), 32, 4)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4
    )
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(subset(train), batch_size=32, shuffle=True),
        "val": DataLoader(subset(val), batch_size=100),
        "epochs": 5,
        "metric": "accuracy",
        "step": train_iter,
    }


def make_faulty(seed=0):
    return make(seed, norm_eval=True)


def make_fixed(seed=0):
    return make(seed, norm_eval=False)
