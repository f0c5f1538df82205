"""The output layer of a language model shares an embedding that is drawn from N(0, 1).

Scores are sums over 64 such numbers: the first loss is many times that of an honest guess.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

import data

SOURCE = "https://github.com/syncdoth/RetNet/issues/31"
CAUSES = ("init",)


class Block(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.ln1, self.ln2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)
        self.mlp = nn.Sequential(
            nn.Linear(d_model, 2 * d_model), nn.GELU(), nn.Linear(2 * d_model, d_model)
        )

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (
            part.view(b, t, self.n_heads, d // self.n_heads).transpose(1, 2)
            for part in self.qkv(self.ln1(x)).chunk(3, dim=-1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.ln2(x))


class LanguageModel(nn.Module):
    def __init__(self, vocab_size, initializer_range=None, d_model=64, block_size=32):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocab_size, d_model)
        self.wpe = nn.Embedding(block_size, d_model)
        self.blocks = nn.Sequential(Block(d_model, 4))
        self.norm = nn.LayerNorm(d_model)
        self.lm_head = nn.Linear(d_model, vocab_size, bias=False)
        if initializer_range is not None:
            nn.init.normal_(self.embed_tokens.weight, std=initializer_range)
            nn.init.normal_(self.wpe.weight, std=initializer_range)
        self.lm_head.weight = self.embed_tokens.weight

    def forward(self, input_ids):
        positions = torch.arange(input_ids.shape[1])
        x = self.embed_tokens(input_ids) + self.wpe(positions)
        return self.lm_head(self.norm(self.blocks(x)))


def lm_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def next_character(logits, labels):
    return (logits.argmax(-1) == labels).float().mean().item()


def make(seed, initializer_range=None):
    torch.manual_seed(seed)
    train, val, vocab_size = data.characters(count=1900)
    model = LanguageModel(vocab_size, initializer_range)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    return {
        "model": model,
        "loss_fn": lm_loss,
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12),
        "train": train,
        "val": val,
        "batch_size": 32,
        "epochs": 12,
        "metric": next_character,
    }


def make_faulty(seed=0):
    return make(seed)


def make_fixed(seed=0):
    return make(seed, initializer_range=0.05)
