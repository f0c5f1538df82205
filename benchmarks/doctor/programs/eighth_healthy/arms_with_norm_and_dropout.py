"""Which of three spiral arms: batch norm and a little dropout after each hidden layer."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import data


def fc_block(n_in, n_out, p):
    return nn.Sequential(
        nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out), nn.ReLU(), nn.Dropout(p)
    )


def train_one_batch(model, optimizer, criterion, points, arms):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    loss = criterion(model(points), arms)
    loss.backward()
    optimizer.step()
    return loss.item()


def make(seed=0):
    torch.manual_seed(seed)
    train, val = data.spirals(1600)
    model = nn.Sequential(
        fc_block(2, 96, 0.1), fc_block(96, 96, 0.1), fc_block(96, 96, 0.1), nn.Linear(96, 3)
    )
    epochs = 25
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": DataLoader(TensorDataset(*train), batch_size=50, shuffle=True),
        "val": DataLoader(TensorDataset(*val), batch_size=200),
        "epochs": epochs,
        "metric": "accuracy",
        "step": train_one_batch,
    }
