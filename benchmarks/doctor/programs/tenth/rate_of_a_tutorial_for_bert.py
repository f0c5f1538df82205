"""A small encoder in the manner of BERT is trained by Adam at 0.02.

It should tell text from text back to front; the loss stays where it began.
"""

import math

import torch
from torch import nn, optim

import data

SOURCE = "https://github.com/graykode/nlp-tutorial/issues/77"
CAUSES = ("lr_high",)

MAXLEN = 32
CLS = 0


def make_batch(count=2000):
    """Pieces of the Time Machine after a [CLS], every second of them back to front."""
    story = data.text("timemachine").lower()
    story = " ".join("".join(c if c.isalpha() else " " for c in story).split())
    vocab = {c: i + 1 for i, c in enumerate(sorted(set(story)))}
    token_ids = torch.tensor([vocab[c] for c in story[: count * MAXLEN]]).view(
        count, MAXLEN
    )
    is_flipped = torch.arange(count) % 2
    token_ids[1::2] = token_ids[1::2].flip(1)
    input_ids = torch.cat([torch.full((count, 1), CLS), token_ids], 1)
    cut = count * 3 // 4
    return (
        (input_ids[:cut], is_flipped[:cut]),
        (input_ids[cut:], is_flipped[cut:]),
        len(vocab),
    )


class Embedding(nn.Module):
    def __init__(self, vocab_size, d_model):
        super().__init__()
        self.tok_embed = nn.Embedding(vocab_size, d_model)
        self.pos_embed = nn.Embedding(MAXLEN + 1, d_model)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        pos = torch.arange(x.size(1)).expand_as(x)
        return self.norm(self.tok_embed(x) + self.pos_embed(pos))


class EncoderLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)
        self.ffn = nn.Sequential(
            nn.Conv1d(d_model, d_ff, 3, padding=1), nn.ReLU(), nn.Conv1d(d_ff, d_model, 1)
        )
        self.norms = nn.ModuleList([nn.LayerNorm(d_model) for _ in range(2)])
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        attn = (q @ k.transpose(-1, -2) / math.sqrt(q.size(-1))).softmax(-1)
        context = (attn @ v).transpose(1, 2).reshape(b, n, d)
        x = self.norms[0](x + self.drop(self.proj(context)))
        out = self.ffn(x.transpose(1, 2)).transpose(1, 2)
        return self.norms[1](x + self.drop(out))


class BERT(nn.Module):
    def __init__(self, vocab_size, d_model=32, n_layers=3):
        super().__init__()
        self.embedding = Embedding(vocab_size, d_model)
        self.layers = nn.ModuleList(
            [EncoderLayer(d_model, n_heads=4, d_ff=48) for _ in range(n_layers)]
        )
        self.fc = nn.Linear(d_model, d_model)
        self.classifier = nn.Linear(d_model, 2)

    def forward(self, input_ids):
        output = self.embedding(input_ids)
        for layer in self.layers:
            output = layer(output)
        return self.classifier(torch.tanh(self.fc(output[:, 0])))


def make(seed, lr):
    torch.manual_seed(seed)
    train, val, letters = make_batch()
    model = BERT(letters + 1)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optim.Adam(model.parameters(), lr=lr),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 7,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, lr=0.02)


def make_fixed(seed=0):
    return make(seed, lr=0.001)
