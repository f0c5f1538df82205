"""Sequences whose tokens are masked, read too late, or without a place."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from headway.doctor.checks.attention_mask import check_attention_mask
from headway.doctor.checks.last_step import check_last_step
from headway.doctor.checks.mixed_samples import check_mixed_samples
from headway.doctor.checks.order_blind import check_order_blind
from headway.doctor.checks.single_step import check_single_step
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.program import Program, seed_all
from headway.doctor.remedies import AddPositions, PadInFront
from headway.doctor.remedies.propose import propose
from headway.doctor.training import train

from .results import with_result

_GENERATOR = torch.Generator().manual_seed(0)
LENGTHS = torch.randint(3, 7, (160,), generator=_GENERATOR)
# Twelve places, at least half of which are padding at the end; every word is above 0.
WORDS = torch.randint(1, 9, (160, 12), generator=_GENERATOR)
WORDS[torch.arange(12) >= LENGTHS[:, None]] = 0
FULL = torch.randint(1, 9, (160, 12), generator=_GENERATOR)
IS_HIGH = (WORDS > 4).sum(dim=1) * 2 > LENGTHS


def looked_at(model: Callable[[], nn.Module], words: Tensor = WORDS) -> Evidence:
    def make(seed: int) -> Program:
        seed_all(seed)
        net = model()
        return Program(
            model=net,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.Adam(net.parameters(), lr=0.01),
            train=Examples(source=(words, IS_HIGH.long()), batch_size=40),
            epochs=8,
            seed=seed,
        )

    return examine_batch(make, Budget())


class Attention(nn.Module):
    """Reads words by attention of several kinds, all of which hide `hidden` positions."""

    def __init__(
        self, kind: str, hidden: Callable[[Tensor], Tensor], *, has_places: bool = True
    ) -> None:
        super().__init__()
        self.names, self.out = nn.Embedding(9, 8), nn.Linear(8, 2)
        self.places = nn.Embedding(12, 8) if has_places else None
        self.first = nn.Parameter(torch.randn(1, 1, 8))
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(self.layer, 1)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.kind, self.hidden = kind, hidden

    def forward(self, words: Tensor) -> Tensor:
        h, hidden = self.names(words), self.hidden(words)
        if self.places is not None:
            h = h + self.places.weight[: h.shape[1]]
        if self.kind == "encoder":
            h = torch.cat([self.first.expand(len(h), -1, -1), h], dim=1)
            hidden = torch.cat([torch.zeros(len(h), 1, dtype=torch.bool), hidden], dim=1)
            return self.out(self.encoder(h, src_key_padding_mask=hidden)[:, 0])
        query = self.first.expand(len(h), -1, -1)
        if self.kind == "module":
            return self.out(self.attention(query, h, h, key_padding_mask=hidden)[0][:, 0])
        if self.kind == "product":
            seen = ~hidden[:, None]
            h = functional.scaled_dot_product_attention(query, h, h, attn_mask=seen)
            return self.out(h[:, 0])
        scores = (query @ h.transpose(1, 2)).masked_fill(hidden[:, None], -1e9)
        return self.out((scores.softmax(dim=-1) @ h)[:, 0])


KINDS = ("encoder", "module", "product", "by hand")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_that_hides_the_words_is_inverted(kind: str) -> None:
    evidence = looked_at(lambda: Attention(kind, lambda words: words != 0))

    (found,) = check_attention_mask(evidence)

    assert (found.cause, found.is_certain) == ("gradient_wiring", True)
    assert "leaves out 100% of the tokens" in found.evidence


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_that_hides_the_padding_is_right(kind: str) -> None:
    evidence = looked_at(lambda: Attention(kind, lambda words: words == 0))

    assert list(check_attention_mask(evidence)) == []


class Bag(nn.Module):
    """The mean of the words that are kept, by hand."""

    def __init__(self, kept: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.names, self.out = nn.Embedding(9, 8), nn.Linear(8, 2)
        self.kept = kept

    def forward(self, words: Tensor) -> Tensor:
        kept = self.kept(words)[..., None]
        return self.out((self.names(words) * kept).sum(dim=1) / kept.sum(dim=1))


def test_a_mean_of_the_padding_alone_is_a_wrong_mask() -> None:
    (found,) = check_attention_mask(looked_at(lambda: Bag(lambda words: words == 0)))

    assert (found.cause, found.layer) == ("gradient_wiring", "names")
    assert "100% of the tokens" in found.evidence


@pytest.mark.parametrize("kept", [lambda w: w != 0, lambda w: w >= 0], ids=["words", "all"])
def test_a_mean_of_the_words_is_fine(kept: Callable[[Tensor], Tensor]) -> None:
    assert list(check_attention_mask(looked_at(lambda: Bag(kept)))) == []


class Steps(nn.Module):
    """Sees which of its steps are there by their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.out = nn.Linear(1, 8), nn.Linear(8, 2)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(self.first(x), src_key_padding_mask=x[..., 0] == 0)
        return self.out(h[:, 0])


def test_equal_steps_in_front_of_the_padding_are_no_padding() -> None:
    evidence = looked_at(Steps, (WORDS > 0).float()[..., None])

    assert list(check_attention_mask(evidence)) == []


def test_a_last_word_of_all_sequences_is_their_end() -> None:
    words = FULL.clone()[:, :8]
    words[:, -1] = 0

    evidence = looked_at(lambda: Recurrent("last"), words)

    assert list(check_attention_mask(evidence)) == []
    assert list(check_last_step(with_result(evidence, 0.5))) == []


class Masked(Attention):
    """Is given the words, and which of them are there."""

    def __init__(self, hidden: Callable[[Tensor], Tensor]) -> None:
        super().__init__("", hidden)

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        h = self.layer(self.names(words), src_key_padding_mask=self.hidden(mask))
        return self.out(h[:, 0])


@pytest.mark.parametrize(("hidden", "count"), [(0, 0), (1, 1)], ids=["right", "inverted"])
def test_a_mask_that_is_an_input_is_no_sequence(hidden: int, count: int) -> None:
    words = torch.cat([torch.full((160, 2), 8), WORDS], dim=1)
    mask = (words != 0).long()

    def make(seed: int) -> Program:
        seed_all(seed)
        model = Masked(lambda given: given == hidden)
        return Program(
            model=model,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.Adam(model.parameters()),
            train=Examples(source=((words, mask), IS_HIGH.long()), batch_size=40),
            seed=seed,
        )

    found = list(check_attention_mask(examine_batch(make, Budget())))
    assert len(found) == count


def test_a_mask_that_hides_everything_is_said_without_padding() -> None:
    evidence = looked_at(lambda: Attention("by hand", lambda words: words != 0), FULL)

    (found,) = check_attention_mask(evidence)

    assert "no position at all in 100% of the samples" in found.evidence


def test_a_causal_mask_hides_no_word() -> None:
    class Causal(Attention):
        def forward(self, words: Tensor) -> Tensor:
            mask = nn.Transformer.generate_square_subsequent_mask(12)
            return self.out(self.layer(self.names(words), src_mask=mask)[:, -1])

    evidence = looked_at(lambda: Causal("", lambda words: words == 0))

    assert [mask.tokens_hidden for mask in evidence.updates.sequences.masks] in ([], [0.0])
    assert list(check_attention_mask(evidence)) == []


class Recurrent(nn.Module):
    """Reads words with a recurrent layer, and its states in one of several ways."""

    def __init__(
        self, read: str, kind: Any = nn.GRU, hidden: int = 8, **others: Any
    ) -> None:
        super().__init__()
        self.names, self.out = nn.Embedding(9, 8, padding_idx=0), nn.Linear(8, 2)
        self.rnn = kind(8, hidden, **{"batch_first": True, **others})
        self.read = read

    def forward(self, words: Tensor) -> Tensor:
        h, lengths = self.names(words), (words != 0).sum(dim=1).clamp(min=1)
        if self.read == "packed":
            h = pack_padded_sequence(h, lengths, batch_first=True, enforce_sorted=False)
            return self.out(self.rnn(h)[1][-1])
        states, last = self.rnn(h)
        if self.read in ("first", "last"):
            return self.out(states[:, 0 if self.read == "first" else -1])
        if self.read == "state":
            return self.out((last[0] if isinstance(last, tuple) else last)[-1])
        if self.read == "own":
            return self.out(states[torch.arange(len(words)), lengths - 1])
        return self.out(states.mean(dim=1))


LATE = {
    "output": lambda: Recurrent("last"),
    "of a second layer": lambda: Recurrent("last", nn.LSTM, num_layers=2),
    "state": lambda: Recurrent("state", nn.LSTM),
}


@pytest.mark.parametrize("model", LATE.values(), ids=LATE)
def test_a_last_step_behind_the_padding_is_found(model: Any) -> None:
    (found,) = check_last_step(with_result(looked_at(model), 0.5))

    assert (found.cause, found.severity, found.layer) == ("other", "error", "rnn")
    assert "last of 12 steps" in found.evidence


def test_an_answer_of_the_first_state_has_read_one_step() -> None:
    evidence = looked_at(lambda: Recurrent("first"), FULL)

    (found,) = check_single_step(with_result(evidence, 0.5))

    assert (found.cause, found.severity) == ("other", "error")
    assert "Only the first of 12 steps" in found.evidence
    assert list(check_single_step(with_result(evidence, 0.99))) == []


@pytest.mark.parametrize("words", [FULL, WORDS], ids=["full", "padded"])
@pytest.mark.parametrize(
    "model",
    [
        *(lambda read=read: Recurrent(read) for read in ("last", "own", "packed")),
        lambda: Recurrent("first", bidirectional=True, hidden=4),
        lambda: Attention("encoder", lambda words: words == 0),
    ],
    ids=["last", "own", "packed", "both ways", "attention"],
)
def test_an_answer_of_what_has_read_all_steps_is_fine(model: Any, words: Tensor) -> None:
    evidence = looked_at(model, words)

    assert list(check_single_step(with_result(evidence, 0.5))) == []


def test_a_head_of_zeros_reads_no_step_in_particular() -> None:
    def model() -> nn.Module:
        net = Recurrent("last")
        nn.init.zeros_(net.out.weight)
        return net

    assert looked_at(model).updates.sequences.single_step is None


@pytest.mark.parametrize("read", ["packed", "own", "mean"])
def test_steps_of_the_sequence_itself_are_fine(read: str) -> None:
    evidence = with_result(looked_at(lambda: Recurrent(read)), 0.5)

    assert list(check_last_step(evidence)) == []


def test_padding_in_front_is_fine() -> None:
    evidence = looked_at(lambda: Recurrent("last"), WORDS.flip(1))

    assert list(check_last_step(with_result(evidence, 0.5))) == []


def test_a_memory_that_lasts_over_the_padding_is_fine() -> None:
    evidence = with_result(looked_at(lambda: Recurrent("last")), 0.99)

    assert list(check_last_step(evidence)) == []


def test_padding_in_front_is_proposed_and_learned_from() -> None:
    evidence = with_result(looked_at(lambda: Recurrent("last", nn.RNN)), 0.5)
    (found,) = check_last_step(evidence)

    (remedy,) = propose(found, evidence)
    program = remedy.apply(evidence.make(0))
    words, _ = program.train.first(160)

    assert remedy == PadInFront()
    assert torch.equal(words[:, -1] == 0, torch.zeros(160, dtype=torch.bool))
    assert torch.equal(words.sort(dim=1).values, WORDS.sort(dim=1).values)
    own = [row[row > 0].tolist() for row in WORDS]
    assert [row[row > 0].tolist() for row in words] == own


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_steps_that_hold_only_padding_show_the_exchanged_axes(kind: Any) -> None:
    evidence = looked_at(lambda: Recurrent("last", kind, batch_first=False))

    (found,) = check_mixed_samples(evidence)

    assert (found.cause, found.layer) == ("shape_broadcast", "rnn")
    assert "whatever the sample is" in found.evidence


class Mean(Attention):
    """The mean of what attention makes of every word."""

    def forward(self, words: Tensor) -> Tensor:
        h, hidden = self.names(words), self.hidden(words)
        if self.places is not None:
            h = h + self.places.weight
        h = self.layer(h, src_key_padding_mask=hidden).masked_fill(hidden[..., None], 0.0)
        return self.out(h.sum(dim=1) / (~hidden).sum(dim=1, keepdim=True))


def without_places() -> nn.Module:
    return Mean("", lambda words: words == 0, has_places=False)


def test_attention_without_places_is_suspected_where_little_is_learned() -> None:
    (found,) = check_order_blind(with_result(looked_at(without_places), 0.5))

    assert (found.cause, found.severity) == ("other", "error")


def test_attention_with_places_sees_the_order() -> None:
    model = Mean("", lambda words: words == 0)
    evidence = with_result(looked_at(lambda: model), 0.5)

    assert list(check_order_blind(evidence)) == []


def test_sets_need_no_order() -> None:
    evidence = with_result(looked_at(without_places), 0.99)

    assert list(check_order_blind(evidence)) == []


def test_places_make_the_order_of_words_learnable() -> None:
    generator = torch.Generator().manual_seed(1)
    words = torch.randint(3, 9, (400, 6), generator=generator)
    is_first = torch.rand(400, generator=generator) > 0.5
    words[:, 1] = torch.where(is_first, 1, 2)
    words[:, 4] = torch.where(is_first, 2, 1)

    def make(seed: int) -> Program:
        seed_all(seed)
        model = without_places()
        return Program(
            model=model,
            loss_fn=nn.CrossEntropyLoss(),
            optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
            train=Examples(source=(words, is_first.long())),
            epochs=6,
            seed=seed,
        )

    evidence = with_result(examine_batch(make, Budget()), 0.5)
    (found,) = check_order_blind(evidence)
    (remedy,) = propose(found, evidence)

    assert remedy == AddPositions()
    assert train(make(0), evaluations=1).last.train.standard < 0.7
    assert train(remedy.apply(make(0)), evaluations=1).last.train.standard > 0.9
    assert math.isfinite(train(remedy.apply(make(1)), max_steps=2).last.train.loss)
