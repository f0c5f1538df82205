"""Digits by convolutions and AdamW: smoothed labels, a rate that climbs and then falls."""

import math

import torch
import torch.nn as nn

import data

EPOCHS = 10


def conv_block(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1), nn.GroupNorm(4, c_out), nn.ReLU()
    )


class Recognizer(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1 = conv_block(1, 8)
        self.block2 = conv_block(8, 24)
        self.pool = nn.AvgPool2d(2)
        self.classifier = nn.Linear(24 * 7 * 7, 10)

    def forward(self, pixels):
        h = self.pool(self.block1(pixels))
        return self.classifier(self.block2(h).flatten(1))


def climb_and_fall(epoch):
    if epoch < 1:
        return 0.5
    return 0.5 * (1 + math.cos(math.pi * (epoch - 1) / EPOCHS))


def training_step(model, optimizer, loss_fn, pixels, labels):
    model.train()
    loss = loss_fn(model(pixels), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return loss.detach()


def make(seed=0):
    torch.manual_seed(seed)
    (x, y), (x_val, y_val) = data.mnist(2400, side=14)
    mean, std = x.mean(), x.std()
    model = Recognizer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.02)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(label_smoothing=0.05),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, climb_and_fall),
        "train": ((x - mean) / std, y),
        "val": ((x_val - mean) / std, y_val),
        "batch_size": 48,
        "epochs": EPOCHS,
        "metric": "accuracy",
        "step": training_step,
    }
