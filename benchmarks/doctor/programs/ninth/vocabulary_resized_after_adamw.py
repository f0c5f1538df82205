"""The embeddings of a model are resized for its tokenizer after the optimizer was made.

The new matrix is not among the optimizer's parameters, and keeps its random rows.
"""

import re
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import data

SOURCE = "https://github.com/huggingface/transformers/pull/3532"
CAUSES = ("frozen_parameters",)

MAX_LENGTH = 12


class Tokenizer:
    def __init__(self, texts, size):
        counts = Counter(word for text in texts for word in text.split())
        self.index = {"[PAD]": 0, "[UNK]": 1}
        for word, _ in counts.most_common(size):
            self.index[word] = len(self.index)

    def __len__(self):
        return len(self.index)

    def __call__(self, text):
        ids = [self.index.get(word, 1) for word in text.split()][:MAX_LENGTH]
        return torch.tensor(ids + [0] * (MAX_LENGTH - len(ids)))


class TextDataset(Dataset):
    def __init__(self, texts, labels, tokenizer):
        self.input_ids = [tokenizer(text) for text in texts]
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.input_ids[i], self.labels[i]


class SequenceClassifier(nn.Module):
    def __init__(self, vocab_size=100, hidden_size=16):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, hidden_size, padding_idx=0)
        self.word_embeddings.weight.data.normal_(std=0.1)
        self.position_embeddings = nn.Embedding(MAX_LENGTH, hidden_size)
        self.position_embeddings.weight.data.normal_(std=0.02)
        self.norm = nn.LayerNorm(hidden_size)
        self.layer = nn.TransformerEncoderLayer(
            hidden_size, 2, 32, dropout=0.1, activation="gelu", batch_first=True
        )
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Linear(hidden_size, 2)

    def resize_token_embeddings(self, new_num_tokens):
        old = self.word_embeddings.weight.data
        new = nn.Embedding(new_num_tokens, old.size(1), padding_idx=0)
        new.weight.data.normal_(std=0.1)
        n = min(len(old), new_num_tokens)
        new.weight.data[:n] = old[:n]
        self.word_embeddings = new

    def forward(self, input_ids):
        positions = torch.arange(input_ids.size(1), device=input_ids.device)
        hidden = self.word_embeddings(input_ids) + self.position_embeddings(positions)
        hidden = self.layer(self.norm(hidden), src_key_padding_mask=input_ids == 0)
        return self.classifier(self.dropout(hidden.mean(1)))


def lines_of_two_books(n=2500):
    texts, labels = [], []
    for label, name in enumerate(["timemachine", "tinyshakespeare"]):
        words = re.findall(r"[a-z]+", data.text(name).lower())
        for i in range(n):
            texts.append(" ".join(words[i * 12 + 500 : i * 12 + 512]))
            labels.append(label)
    order = torch.randperm(2 * n, generator=torch.Generator().manual_seed(4)).tolist()
    return [texts[i] for i in order], [labels[i] for i in order]


def make(seed, resize_first):
    torch.manual_seed(seed)
    texts, labels = lines_of_two_books()
    tokenizer = Tokenizer(texts[:4000], 2500)
    model = SequenceClassifier()
    if resize_first:
        model.resize_token_embeddings(len(tokenizer))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    if not resize_first:
        model.resize_token_embeddings(len(tokenizer))
    train = TextDataset(texts[:4000], labels[:4000], tokenizer)
    eval_dataset = TextDataset(texts[4000:], labels[4000:], tokenizer)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "train": DataLoader(train, batch_size=32, shuffle=True),
        "val": DataLoader(eval_dataset, batch_size=100),
        "epochs": 6,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, resize_first=False)


def make_fixed(seed=0):
    return make(seed, resize_first=True)
