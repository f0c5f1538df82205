"""Six layers sum up all neighbors of a node and normalize nothing: activations explode."""

import itertools

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SOURCE = "https://github.com/cvignac/SMP/issues/3"
CAUSES = ("exploding_gradient", "normalization", "lr_high", "init", "numerics")


def graphs(n=800, nodes=20, seed=8):
    """Graphs of about eight neighbors a node; which of three kinds of node is frequent."""
    draws = torch.Generator().manual_seed(seed)
    adj = (torch.rand(n, nodes, nodes, generator=draws) < 0.4).float().triu(1)
    adj = adj + adj.transpose(1, 2)
    labels = torch.arange(n) % 3
    other = torch.randint(0, 3, (n, nodes), generator=draws)
    is_label = torch.rand(n, nodes, generator=draws) < 0.3
    kinds = torch.where(is_label, labels[:, None], other)
    feats = nn.functional.one_hot(kinds, 3).float()
    return adj, feats + 0.3 * torch.randn(feats.shape, generator=draws), labels


class GraphDataset(Dataset):
    def __init__(self, adj, feats, labels):
        self.adj, self.feats, self.labels = adj, feats, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return {"adj": self.adj[i], "x": self.feats[i]}, self.labels[i]


class Layer(nn.Module):
    def __init__(self, n_in, n_out, aggr):
        super().__init__()
        self.self_weight = nn.Linear(n_in, n_out)
        self.message = nn.Linear(n_in, n_out, bias=False)
        self.aggr = aggr

    def forward(self, x, adj):
        gathered = torch.bmm(adj, self.message(x))
        if self.aggr == "mean":
            gathered = gathered / adj.sum(2, keepdim=True).clamp(min=1)
        return torch.relu(self.self_weight(x) + gathered)


class GNN(nn.Module):
    def __init__(self, aggr, hidden=32, depth=6):
        super().__init__()
        sizes = [3] + [hidden] * depth
        self.layers = nn.ModuleList(
            [Layer(a, b, aggr) for a, b in itertools.pairwise(sizes)]
        )
        self.readout = nn.Linear(hidden * depth, 3)

    def forward(self, adj, x):
        pooled = []
        for layer in self.layers:
            x = layer(x, adj)
            pooled.append(x.mean(1))
        return self.readout(torch.cat(pooled, dim=1))


def make(seed, aggr):
    torch.manual_seed(seed)
    adj, feats, labels = graphs()
    model = GNN(aggr)
    train = GraphDataset(adj[:600], feats[:600], labels[:600])
    val = GraphDataset(adj[600:], feats[600:], labels[600:])
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        "train": DataLoader(train, batch_size=20, shuffle=True),
        "val": DataLoader(val, batch_size=100),
        "epochs": 10,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, aggr="add")


def make_fixed(seed=0):
    return make(seed, aggr="mean")
