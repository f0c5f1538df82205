"""nn.CrossEntropyLoss on a single output: its softmax is one, and the loss zero at once."""

import torch
from torch import nn

import data

SOURCE = "https://github.com/darioizzo/dcgp/issues/86"
CAUSES = ("loss_mismatch", "output_activation")


class Classifier(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim):
        super().__init__()
        self.layer_1 = nn.Linear(input_dim, hidden_dim)
        self.layer_2 = nn.Linear(hidden_dim, hidden_dim)
        self.layer_out = nn.Linear(hidden_dim, output_dim)

    def forward(self, inputs):
        x = torch.relu(self.layer_1(inputs))
        x = torch.relu(self.layer_2(x))
        return self.layer_out(x)


def binary_acc(y_pred, y_test):
    y_pred_tag = (y_pred > 0).float()
    return float((y_pred_tag == y_test).float().mean())


def make(seed, criterion):
    torch.manual_seed(seed)
    model = Classifier(30, 32, 1)
    (x, y), (val_x, val_y) = data.table("breast_cancer")
    return {
        "model": model,
        "loss_fn": criterion,
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3),
        # labels as a column, as the table has them
        "train": (x, y.float().view(-1, 1)),
        "val": (val_x, val_y.float().view(-1, 1)),
        "batch_size": 16,
        "epochs": 25,
        "metric": binary_acc,
    }


def make_faulty(seed=0):
    return make(seed, nn.CrossEntropyLoss())


def make_fixed(seed=0):
    return make(seed, nn.BCEWithLogitsLoss())
