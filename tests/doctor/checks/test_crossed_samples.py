"""Samples, places and parts of the data that get mixed up with one another."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, TensorDataset, WeightedRandomSampler

from headway.doctor.checks.label_encoding import check_label_encoding
from headway.doctor.checks.metric import check_metric
from headway.doctor.checks.mixed_samples import check_mixed_samples
from headway.doctor.checks.shape_broadcast import check_shape_broadcast
from headway.doctor.checks.shuffle import check_shuffle
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examine import examine_batch
from headway.doctor.examples import Examples
from headway.doctor.program import Program, seed_all

SEQUENCES = torch.randn(60, 5, 4, generator=torch.Generator().manual_seed(0))
SUMS = (SEQUENCES.sum(dim=(1, 2)) > 0).long()


def looked_at(
    build: Callable[[], nn.Module], train: Any, loss_fn: Any = None, **others: Any
) -> Evidence:
    """Return what one batch of a program tells."""

    def make(seed: int) -> Program:
        seed_all(seed)
        model = build()
        settings: dict[str, Any] = {
            "model": model,
            "loss_fn": loss_fn or nn.CrossEntropyLoss(),
            "optimizer": torch.optim.SGD(model.parameters(), lr=0.05),
            "train": Examples(source=train, batch_size=30),
            "seed": seed,
        }
        return Program(**{**settings, **others})

    return examine_batch(make, Budget())


def causes(found: Any) -> list[str]:
    return [finding.cause for finding in found]


class Reader(nn.Module):
    """Reads (batch, steps, features)."""

    def __init__(self, kind: type[nn.Module] = nn.LSTM, *, transposes: bool, **others: Any):
        super().__init__()
        self.rnn: Any = kind(4, 8, **others)
        self.out = nn.Linear(8, 2)
        self.transposes = transposes

    def forward(self, x: Tensor) -> Tensor:
        states = self.rnn(x.transpose(0, 1) if self.transposes else x)[0]
        return self.out(states[-1] if self.transposes else states[:, -1])


class Attention(nn.Module):
    def __init__(self, *, batch_first: bool) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(
            4, 2, 8, dropout=0.0, batch_first=batch_first
        )
        self.out = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.layer(x).mean(dim=1))


class Reshaping(nn.Module):
    """Wants (steps, batch, features) and reshapes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 8)
        self.out = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(x.reshape(5, -1, 4))[0][-1])


@pytest.mark.parametrize(
    "build",
    [
        lambda: Reader(transposes=False),
        lambda: Reader(nn.GRU, transposes=True, batch_first=True),
        lambda: Attention(batch_first=False),
        Reshaping,
    ],
)
def test_samples_of_a_batch_that_run_into_each_other_are_seen(
    build: Callable[[], nn.Module],
) -> None:
    evidence = looked_at(build, (SEQUENCES, SUMS))
    assert causes(check_mixed_samples(evidence)) == ["shape_broadcast"]


class Similar(nn.Module):
    """Compares all samples of a batch with each other."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(20, 8)

    def forward(self, x: Tensor) -> Tensor:
        z = self.embed(x.flatten(1))
        return z @ z.T


@pytest.mark.parametrize(
    "build",
    [
        lambda: Reader(transposes=False, batch_first=True),
        lambda: Reader(nn.GRU, transposes=True),
        lambda: Attention(batch_first=True),
        lambda: nn.Sequential(
            nn.Flatten(), nn.BatchNorm1d(20, track_running_stats=False), nn.Linear(20, 2)
        ),
        Similar,
    ],
)
def test_samples_that_are_apart_or_compared_on_purpose_are_left_alone(
    build: Callable[[], nn.Module],
) -> None:
    evidence = looked_at(build, (SEQUENCES, SUMS))
    assert causes(check_mixed_samples(evidence)) == []


class Weighing(nn.Module):
    """Weighs the steps of a sequence by scores of its own."""

    def __init__(self, *, dim: int) -> None:
        super().__init__()
        self.score, self.out = nn.Linear(4, 1), nn.Linear(4, 2)
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        weights = self.score(x).squeeze(-1).softmax(dim=self.dim)
        return self.out((weights.unsqueeze(-1) * x).sum(dim=1))


@pytest.mark.parametrize(("dim", "said"), [(0, ["other"]), (1, []), (-1, [])])
def test_attention_whose_weights_sum_up_over_the_samples_is_seen(
    dim: int, said: list[str]
) -> None:
    evidence = looked_at(lambda: Weighing(dim=dim), (SEQUENCES, SUMS))

    found = list(check_mixed_samples(evidence))

    assert causes(found) == said
    assert all(f.is_certain for f in found)


def steps_first(batch: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Collate as pad_sequence does by default."""
    return torch.stack([x for x, _ in batch], dim=1), torch.stack([y for _, y in batch])


class ReadsStepsFirst(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 8)
        self.out = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(x)[0][-1])


def test_batches_with_the_steps_first_are_left_alone() -> None:
    data = TensorDataset(SEQUENCES, SUMS)
    loader = DataLoader(data, batch_size=20, shuffle=True, collate_fn=steps_first)
    evidence = looked_at(ReadsStepsFirst, loader)
    assert causes(check_mixed_samples(evidence)) == []


FLAT = SEQUENCES.flatten(1)


def policy(*, is_column: bool) -> Callable[[Tensor, Tensor], Tensor]:
    def loss_fn(output: Tensor, wanted: Tensor) -> Tensor:
        chosen = output.log_softmax(dim=1).max(dim=1)
        reward = (chosen.indices == wanted).float()[:, None] - 0.5
        log_prob = chosen.values[:, None] if is_column else chosen.values
        return -(log_prob * reward).mean()

    return loss_fn


def all_pairs(output: Tensor, wanted: Tensor) -> Tensor:
    score = output[:, 1]
    margin = 1 - (score[:, None] - score)
    return margin.clamp(min=0).mean() + wanted.sum() * 0


def apart(output: Tensor, wanted: Tensor) -> Tensor:
    one, other = output[:, 0], output[:, 1]
    return (one[:, None] - other).abs().mean() + wanted.sum() * 0


@pytest.mark.parametrize(
    ("loss_fn", "said"),
    [
        (policy(is_column=False), ["shape_broadcast"]),
        (policy(is_column=True), []),
        (all_pairs, []),
        (apart, []),
    ],
)
def test_a_row_and_a_column_that_meet_in_the_loss_are_seen(
    loss_fn: Any, said: list
) -> None:
    evidence = looked_at(lambda: nn.Linear(20, 2), (FLAT, SUMS), loss_fn)
    assert causes(check_shape_broadcast(evidence)) == said


def test_a_column_of_values_and_a_row_of_their_goals_are_seen_in_a_step() -> None:
    def step(model: Any, optimizer: Any, loss_fn: Any, x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad()
        value = model(x).gather(1, y[:, None])
        goal = y.float() + 0.9 * model(x).detach().max(dim=1).values
        loss = loss_fn(value, goal)
        loss.backward()
        optimizer.step()
        return loss

    evidence = looked_at(lambda: nn.Linear(20, 2), (FLAT, SUMS), nn.MSELoss(), step=step)
    assert causes(check_shape_broadcast(evidence)) == ["shape_broadcast"]


PICTURES = torch.randn(40, 1, 6, 6, generator=torch.Generator().manual_seed(1))
MASKS = (PICTURES[:, 0] > 0).long()


def flattened(*, permutes: bool) -> Callable[[Tensor, Tensor], Tensor]:
    def loss_fn(score: Tensor, mask: Tensor) -> Tensor:
        score = score.permute(0, 2, 3, 1) if permutes else score
        return functional.cross_entropy(score.reshape(-1, 3), mask.reshape(-1))

    return loss_fn


def of_the_neighbor(output: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(output.roll(1, dims=0), target)


@pytest.mark.parametrize(("permutes", "said"), [(False, ["shape_broadcast"]), (True, [])])
def test_scores_that_are_flattened_without_a_permute_are_seen(
    permutes: bool, said: list
) -> None:
    evidence = looked_at(
        lambda: nn.Conv2d(1, 3, 3, padding=1),
        (PICTURES, MASKS),
        flattened(permutes=permutes),
    )
    assert causes(check_shape_broadcast(evidence)) == said


def test_a_loss_that_reads_the_target_of_another_sample_is_seen() -> None:
    evidence = looked_at(lambda: nn.Linear(20, 2), (FLAT, SUMS), of_the_neighbor)
    assert causes(check_shape_broadcast(evidence)) == ["shape_broadcast"]


def test_a_loss_about_the_next_token_is_left_alone() -> None:
    def next_token(logits: Tensor, tokens: Tensor) -> Tensor:
        return functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()
        )

    tokens = torch.randint(5, (60, 9), generator=torch.Generator().manual_seed(2))
    evidence = looked_at(
        lambda: nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 5)),
        (tokens, tokens),
        next_token,
    )
    assert causes(check_shape_broadcast(evidence)) == []


class Augmented(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, *, flips_both: bool) -> None:
        self.flips_both = flips_both

    def __len__(self) -> int:
        return len(PICTURES)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        dims = [d for d in (-2, -1) if torch.rand(()) < 0.5]
        mask = MASKS[number]
        return PICTURES[number].flip(dims), mask.flip(dims) if self.flips_both else mask


@pytest.mark.parametrize(("flips_both", "said"), [(False, ["label_encoding"]), (True, [])])
def test_pictures_that_are_flipped_without_their_masks_are_seen(
    flips_both: bool, said: list
) -> None:
    loader = DataLoader(Augmented(flips_both=flips_both), batch_size=10)
    evidence = looked_at(lambda: nn.Conv2d(1, 2, 3, padding=1), loader)
    assert causes(check_label_encoding(evidence)) == said


def test_the_end_of_a_sorted_file_for_validation_is_seen() -> None:
    x, y = FLAT, torch.arange(60) // 20

    def build() -> nn.Module:
        return nn.Linear(20, 3)

    val = Examples(source=(x[45:], y[45:]), shuffle=False)
    found = check_shuffle(looked_at(build, (x[:45], y[:45]), val=val))
    assert causes(found) == ["shuffle"]
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    val = Examples(source=(x[order[45:]], y[order[45:]]), shuffle=False)
    assert (
        causes(check_shuffle(looked_at(build, (x[order[:45]], y[order[:45]]), val=val)))
        == []
    )


def test_a_rare_class_of_an_even_validation_is_no_split_in_order() -> None:
    y = torch.tensor([0] * 38 + [1] * 2)
    val = Examples(source=(FLAT[40:], torch.arange(20) % 2), shuffle=False)
    evidence = looked_at(lambda: nn.Linear(20, 2), (FLAT[:40], y), val=val)
    assert causes(check_shuffle(evidence)) == []


def r2(one: Tensor, other: Tensor) -> float:
    return float(1 - (one - other).square().sum() / (other - other.mean()).square().sum())


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (r2, []),
        (lambda output, target: r2(target, output), ["metric"]),
        (lambda output, target: -float((output - target).square().mean()), []),
    ],
)
def test_r2_of_exchanged_arguments_is_seen(metric: Any, said: list) -> None:
    values = FLAT.sum(dim=1, keepdim=True)
    evidence = looked_at(
        lambda: nn.Linear(20, 1), (FLAT, values), nn.MSELoss(), metric=metric
    )
    assert causes(check_metric(evidence)) == said


class Viewing(nn.Module):
    """Gives a convolution the features of a sequence as channels."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.change = change
        self.conv = nn.Conv1d(4, 8, 3, padding=1)
        self.out = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.conv(self.change(x)).amax(dim=2))


VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "view": lambda x: x.view(len(x), 4, 5),
    "reshape": lambda x: x.reshape(-1, 4, 5),
}
MOVES: dict[str, Callable[[Tensor], Tensor]] = {
    "permute": lambda x: x.permute(0, 2, 1),
    "transpose and reshape": lambda x: x.transpose(1, 2).reshape(len(x), 4, 5),
    "heads": lambda x: x.view(len(x), 5, 2, 2).permute(0, 2, 3, 1).reshape(len(x), 4, 5),
}


@pytest.mark.parametrize("change", VIEWS.values(), ids=VIEWS)
def test_axes_that_are_exchanged_by_a_view_are_certain(change):
    evidence = looked_at(lambda: Viewing(change), (SEQUENCES, SUMS))

    (found,) = check_shape_broadcast(evidence)

    assert (found.cause, found.is_certain) == ("shape_broadcast", True)


@pytest.mark.parametrize("change", MOVES.values(), ids=MOVES)
def test_axes_that_are_moved_are_fine(change):
    evidence = looked_at(lambda: Viewing(change), (SEQUENCES, SUMS))

    assert not list(check_shape_broadcast(evidence))


@pytest.mark.parametrize("is_of_classes", [True, False])
def test_a_sampler_with_the_weights_of_classes_is_certain(is_of_classes):
    weights = 1 / torch.bincount(SUMS)
    drawn = WeightedRandomSampler(weights if is_of_classes else weights[SUMS], len(SUMS))
    loader = DataLoader(TensorDataset(SEQUENCES, SUMS), batch_size=30, sampler=drawn)
    evidence = looked_at(lambda: nn.Sequential(nn.Flatten(), nn.Linear(20, 2)), loader)

    found = [f for f in check_shuffle(evidence) if f.is_certain]

    assert causes(found) == ["shuffle"] * is_of_classes
