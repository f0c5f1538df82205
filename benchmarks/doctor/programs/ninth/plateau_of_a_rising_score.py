"""ReduceLROnPlateau watches an F1 score in its default mode: while it rises, the rate falls."""

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, TensorDataset

import data

SOURCE = "https://github.com/keras-team/keras/issues/11964"
CAUSES = ("lr_low", "optimizer")


def digits_in_a_picture(pair, count, seed, per_picture=3):
    """Digits are strewn over a picture; of ten labels, those hold whose digit is in it."""
    g = torch.Generator().manual_seed(seed)
    images, ids = pair
    canvas, labels = torch.zeros(count, 1, 28, 28), torch.zeros(count, 10)
    for i in range(count):
        for quarter in torch.randperm(4, generator=g)[:per_picture].tolist():
            j = int(torch.randint(len(ids), (1,), generator=g))
            r, c = 14 * (quarter // 2), 14 * (quarter % 2)
            canvas[i, :, r : r + 14, c : c + 14] = images[j]
            labels[i, ids[j]] = 1
    return TensorDataset(canvas, labels)


def f1_metric(logits, y):
    pred = (logits > 0).float()
    return (2 * (pred * y).sum() / (pred.sum() + y.sum()).clamp(min=1)).item()


def build_model():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 48, 3, padding=1), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(48, 10),
    )  # fmt: skip


def make(seed, **callback):
    torch.manual_seed(seed)
    train, val = data.mnist(4500, side=14)
    model = build_model()
    loader = DataLoader(digits_in_a_picture(train, 2400, 1), batch_size=32, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    reduce_lr = ReduceLROnPlateau(optimizer, factor=0.2, patience=1, **callback)
    scores = []

    def train_step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        logits = model(x)
        loss = loss_fn(logits, y)
        loss.backward()
        optimizer.step()
        scores.append(f1_metric(logits.detach(), y))
        if len(scores) == len(loader):  # the end of an epoch
            reduce_lr.step(sum(scores) / len(scores))
            scores.clear()
        return loss.detach()

    return {
        "model": model,
        "loss_fn": nn.BCEWithLogitsLoss(),
        "optimizer": optimizer,
        "train": loader,
        "val": DataLoader(digits_in_a_picture(val, 400, 2), batch_size=100),
        "epochs": 12,
        "metric": f1_metric,
        "step": train_step,
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, mode="max")
