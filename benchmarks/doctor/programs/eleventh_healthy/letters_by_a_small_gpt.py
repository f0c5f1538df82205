"""A decoder of two causal layers of attention predicts the next letter of a novel."""

import torch
import torch.nn.functional as F
from torch import nn

import data

BLOCK, WIDTH, HEADS = 24, 48, 4


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x):
        b, t, c = x.shape
        qkv = self.qkv(self.ln1(x)).view(b, t, 3, HEADS, c // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, c))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.tok_emb = nn.Embedding(vocab_size, WIDTH)
        self.pos_emb = nn.Embedding(BLOCK, WIDTH)
        self.blocks = nn.Sequential(Block(), Block())
        self.ln_f = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, vocab_size)
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(module):
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.05)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(self, idx):
        x = self.tok_emb(idx) + self.pos_emb(torch.arange(idx.size(1)))
        return self.head(self.ln_f(self.blocks(x)))


def get_blocks(begin, end):
    story = data.text("timemachine").lower()
    story = " ".join("".join(c if c.isalpha() else " " for c in story).split())
    alphabet = {c: i for i, c in enumerate(sorted(set(story)))}
    ids = torch.tensor([alphabet[c] for c in story[begin:end]])
    windows = ids.unfold(0, BLOCK + 1, BLOCK)
    return windows[:, :-1], windows[:, 1:], len(alphabet)


def step(model, optimizer, loss_fn, x, y):
    loss = loss_fn(model(x), y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


def make(seed=0):
    torch.manual_seed(seed)
    x, y, vocab_size = get_blocks(0, 60_000)
    x_val, y_val, _ = get_blocks(90_000, 100_000)
    model = GPT(vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    return {
        "model": model,
        "loss_fn": lambda logits, t: F.cross_entropy(logits.transpose(1, 2), t),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6),
        "train": (x, y),
        "val": (x_val, y_val),
        "batch_size": 24,
        "epochs": 6,
        "metric": lambda logits, t: float((logits.argmax(-1) == t).float().mean()),
        "step": step,
    }
