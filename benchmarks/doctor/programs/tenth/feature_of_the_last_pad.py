"""A GRU classifies sentences, padded to the longest one, by its output at the last step.

At most of the sentences that step comes long after the last word.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

SOURCE = "https://github.com/keitakurita/practical-torchtext/issues/5"
CAUSES = ("other", "vanishing_gradient", "shape_broadcast")

GOOD = ["great", "lovely", "superb", "moving", "funny", "brilliant"]
BAD = ["dull", "awful", "boring", "weak", "stupid", "tedious"]
NAMES = ["film", "plot", "cast", "story", "music", "ending", "script", "hero"]
LINKS = ["and", "but", "while", "though"]
PAD = 0
WORDS = ["<pad>", "the", "was", "not", "overall", "movie", *GOOD, *BAD, *NAMES, *LINKS]
VOCAB = {word: i for i, word in enumerate(WORDS)}


def reviews(size, seed):
    """Clauses on parts of a film; the first one, on the movie overall, is the label."""
    draws = torch.Generator().manual_seed(seed)

    def below(n):
        return int(torch.randint(n, (), generator=draws))

    samples = []
    for _ in range(size):
        words, label = [], None
        for i in range(1 if below(10) else 8):
            is_good, is_negated = below(2), below(2)
            adjective = (GOOD if is_good else BAD)[below(6)]
            name = ["overall", "the", "movie"] if i == 0 else ["the", NAMES[below(8)]]
            link = [LINKS[below(4)]] if i else []
            words += [*link, *name, "was", *["not"] * is_negated, adjective]
            if i == 0:
                label = is_good ^ is_negated
        for _ in range(below(3)):
            words += [
                LINKS[below(4)],
                "the",
                NAMES[below(8)],
                "was",
                (GOOD + BAD)[below(12)],
            ]
        samples.append((torch.tensor([VOCAB[word] for word in words]), label))
    return samples


def collate(samples):
    texts, labels = zip(*samples, strict=True)
    return pad_sequence(list(texts), batch_first=True, padding_value=PAD), torch.tensor(
        labels
    )


class RNNClassifier(nn.Module):
    def __init__(self, reads_last_word, emb_dim=16, hidden_dim=32):
        super().__init__()
        self.reads_last_word = reads_last_word
        self.embedding = nn.Embedding(len(WORDS), emb_dim, padding_idx=PAD)
        self.encoder = nn.GRU(emb_dim, hidden_dim, batch_first=True)
        self.predictor = nn.Linear(hidden_dim, 2)

    def forward(self, seq):
        hdn, _ = self.encoder(self.embedding(seq))
        feature = hdn[:, -1, :]
        if self.reads_last_word:
            last = (seq != PAD).sum(1) - 1
            feature = hdn[torch.arange(len(seq)), last]
        return self.predictor(feature)


def make(seed, reads_last_word):
    torch.manual_seed(seed)
    model = RNNClassifier(reads_last_word)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.Adam(model.parameters(), lr=5e-3),
        "train": DataLoader(
            reviews(1200, seed=1), batch_size=32, shuffle=True, collate_fn=collate
        ),
        "val": DataLoader(reviews(500, seed=2), batch_size=100, collate_fn=collate),
        "epochs": 7,
        "metric": "accuracy",
    }


def make_faulty(seed=0):
    return make(seed, reads_last_word=False)


def make_fixed(seed=0):
    return make(seed, reads_last_word=True)
