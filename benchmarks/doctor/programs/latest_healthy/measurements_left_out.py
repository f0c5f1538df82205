"""Tumors with an eighth of the measurements missing: medians instead, and flags that say so."""

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


class TabularNet(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.fc1 = nn.Linear(n_features, 32)
        self.bn1 = nn.BatchNorm1d(32)
        self.fc2 = nn.Linear(32, 16)
        self.out = nn.Linear(16, 2)
        self.drop = nn.Dropout(0.2)

    def forward(self, x):
        x = self.drop(torch.relu(self.bn1(self.fc1(x))))
        return self.out(torch.relu(self.fc2(x)))


def make(seed=0):
    torch.manual_seed(seed)
    X, y = load_breast_cancer(return_X_y=True)  # noqa: N806
    X[np.random.default_rng(5).random(X.shape) < 0.12] = np.nan
    X_train, X_val, y_train, y_val = train_test_split(  # noqa: N806
        X, y, test_size=0.25, stratify=y, random_state=0
    )
    prepare = make_pipeline(
        StandardScaler(), SimpleImputer(strategy="median", add_indicator=True)
    ).fit(X_train)

    def dataset(X, y):  # noqa: N803
        return TensorDataset(
            torch.from_numpy(prepare.transform(X)).float(), torch.tensor(y)
        )

    model = TabularNet(60)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4),
        "train": DataLoader(dataset(X_train, y_train), 32, shuffle=True, drop_last=True),
        "val": DataLoader(dataset(X_val, y_val), batch_size=143),
        "epochs": 15,
        "metric": "accuracy",
    }
