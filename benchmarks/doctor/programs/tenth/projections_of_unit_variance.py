"""The projections of an attention are parameters drawn by torch.randn, and left like that.

The scores come out in the hundreds, each softmax picks one position, and training is poor.
"""

import torch
from torch import nn

SOURCE = "https://github.com/graykode/xlnet-Pytorch/issues/17"
CAUSES = ("init", "saturation")


def draws(size, seed):
    """Sequences of ten symbols; for each place how often its symbol occurs."""
    rows = torch.randint(0, 10, (size, 16), generator=torch.Generator().manual_seed(seed))
    counts = (rows[:, :, None] == rows[:, None, :]).sum(2)
    return rows, counts.clamp(max=5) - 1


class Attention(nn.Module):
    def __init__(self, d_model, n_head, d_head, is_scaled):
        super().__init__()
        self.scale = d_head**-0.5
        self.q = nn.Parameter(torch.randn(d_model, n_head, d_head))
        self.k = nn.Parameter(torch.randn(d_model, n_head, d_head))
        self.v = nn.Parameter(torch.randn(d_model, n_head, d_head))
        self.o = nn.Parameter(torch.randn(d_model, n_head, d_head))
        self.norm = nn.LayerNorm(d_model)
        if is_scaled:
            for matrix in (self.q, self.k, self.v, self.o):
                nn.init.xavier_normal_(matrix.data.view(d_model, n_head * d_head))

    def forward(self, h):
        normed = self.norm(h)
        q = torch.einsum("bih,hnd->bind", normed, self.q)
        k = torch.einsum("bjh,hnd->bjnd", normed, self.k)
        v = torch.einsum("bjh,hnd->bjnd", normed, self.v)
        score = torch.einsum("bind,bjnd->bnij", q, k) * self.scale
        vec = torch.einsum("bnij,bjnd->bind", score.softmax(dim=-1), v)
        return h + torch.einsum("bind,hnd->bih", vec, self.o)


class Feedforward(nn.Module):
    def __init__(self, d_model, d_inner, is_scaled):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(d_model, d_inner))
        self.w2 = nn.Parameter(torch.randn(d_inner, d_model))
        self.b1 = nn.Parameter(torch.zeros(d_inner))
        self.norm = nn.LayerNorm(d_model)
        if is_scaled:
            nn.init.xavier_normal_(self.w1)
            nn.init.xavier_normal_(self.w2)

    def forward(self, h):
        return h + (self.norm(h) @ self.w1 + self.b1).relu() @ self.w2


class Counter(nn.Module):
    def __init__(self, is_scaled, d_model=32, n_layer=2):
        super().__init__()
        self.word_emb = nn.Embedding(10, d_model)
        layers = []
        for _ in range(n_layer):
            layers += [
                Attention(d_model, n_head=4, d_head=8, is_scaled=is_scaled),
                Feedforward(d_model, 64, is_scaled=is_scaled),
            ]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.LayerNorm(d_model), nn.Linear(d_model, 5))

    def forward(self, inp):
        return self.head(self.layers(self.word_emb(inp)))


def make(seed, is_scaled):
    torch.manual_seed(seed)
    model = Counter(is_scaled)
    ce = nn.CrossEntropyLoss()
    return {
        "model": model,
        "loss_fn": lambda logits, counts: ce(logits.flatten(0, 1), counts.flatten()),
        "optimizer": torch.optim.Adam(model.parameters(), lr=2e-3),
        "train": draws(1500, seed=11),
        "val": draws(500, seed=12),
        "epochs": 12,
        "metric": lambda logits, counts: float(
            (logits.argmax(-1) == counts).float().mean()
        ),
    }


def make_faulty(seed=0):
    return make(seed, is_scaled=False)


def make_fixed(seed=0):
    return make(seed, is_scaled=True)
