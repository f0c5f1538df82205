"""A language model, trained on labels that are a copy of its inputs, shifts nothing.

Libraries move the labels by one inside of the model; this loss of one's own does not,
and so the network learns to repeat the character it has just read.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

import data

SOURCE = "https://discuss.huggingface.co/t/source-and-target-vs-input-and-labels-for-causal-autoregressive-language-models/19915"
CAUSES = ("label_encoding", "loss_mismatch")


class CausalLM(nn.Module):
    def __init__(self, vocab_size, n_embd=48, n_hidden=96):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.rnn = nn.GRU(n_embd, n_hidden, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.lm_head = nn.Linear(n_hidden, vocab_size)

    def forward(self, input_ids):
        hidden_states, _ = self.rnn(self.wte(input_ids))
        return self.lm_head(self.drop(hidden_states))


def blocks(block_size=33):
    """Pieces of the Time Machine, the last fifth of them for validation."""
    story = data.text("timemachine").lower()[:80_000]
    stoi = {c: i for i, c in enumerate(sorted(set(story)))}
    ids = torch.tensor([stoi[c] for c in story])
    rows = ids[: len(ids) // block_size * block_size].view(-1, block_size)
    cut = len(rows) * 4 // 5
    return rows[:cut], rows[cut:], len(stoi)


def data_collator(examples):
    input_ids = torch.stack(examples)
    return input_ids, input_ids.clone()


def aligned_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def shifted_loss(logits, labels):
    return aligned_loss(logits[:, :-1], labels[:, 1:])


def next_character_accuracy(logits, labels):
    guesses = logits[:, :-1].argmax(-1)
    return (guesses == labels[:, 1:]).float().mean().item()


def make(seed, loss_fn):
    torch.manual_seed(seed)
    train, val, vocab_size = blocks()
    model = CausalLM(vocab_size)
    return {
        "model": model,
        "loss_fn": loss_fn,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01),
        "train": DataLoader(train, batch_size=32, shuffle=True, collate_fn=data_collator),
        "val": DataLoader(val, batch_size=64, collate_fn=data_collator),
        "epochs": 7,
        "metric": next_character_accuracy,
    }


def make_faulty(seed=0):
    return make(seed, aligned_loss)


def make_fixed(seed=0):
    return make(seed, shifted_loss)
