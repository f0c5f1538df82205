"""A model of the next character: its loop calls backward and step, and never zero_grad.

Every step goes along the sum of all gradients since the beginning.
"""

import torch
from torch import nn, optim

import data

SOURCE = "https://thecodeforge.io/ml-ai/pytorch-training-loop/"
CAUSES = ("zero_grad_missing",)

CONTEXT_SIZE = 4


class NGramLanguageModeler(nn.Module):
    def __init__(self, vocab_size, embedding_dim, context_size):
        super().__init__()
        self.embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.linear1 = nn.Linear(context_size * embedding_dim, 96)
        self.linear2 = nn.Linear(96, vocab_size)

    def forward(self, inputs):
        embeds = self.embeddings(inputs).view(inputs.size(0), -1)
        out = torch.relu(self.linear1(embeds))
        return torch.log_softmax(self.linear2(out), dim=1)


def ngrams(begin, end):
    story = data.text("timemachine").lower()
    chars = [c if c.isalpha() else " " for c in story]
    chars = " ".join("".join(chars).split())
    vocab = {c: i for i, c in enumerate(sorted(set(chars)))}
    ids = torch.tensor([vocab[c] for c in chars[begin:end]])
    windows = ids.unfold(0, CONTEXT_SIZE + 1, 1)
    return windows[:, :-1], windows[:, -1], len(vocab)


def step_of_blog(model, optimizer, loss_function, context, target):
    log_probs = model(context)
    loss = loss_function(log_probs, target)
    loss.backward()
    optimizer.step()
    return loss


def step_with_zero_grad(model, optimizer, loss_function, context, target):
    model.zero_grad()
    return step_of_blog(model, optimizer, loss_function, context, target)


def make(seed, step):
    torch.manual_seed(seed)
    contexts, targets, vocab_size = ngrams(0, 30_000)
    val_contexts, val_targets, _ = ngrams(40_000, 44_000)
    model = NGramLanguageModeler(vocab_size, 12, CONTEXT_SIZE)
    return {
        "model": model,
        "loss_fn": nn.NLLLoss(),
        "optimizer": optim.SGD(model.parameters(), lr=0.3),
        "train": (contexts, targets),
        "val": (val_contexts, val_targets),
        "batch_size": 64,
        "epochs": 6,
        "metric": "accuracy",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, step_of_blog)


def make_fixed(seed=0):
    return make(seed, step_with_zero_grad)
