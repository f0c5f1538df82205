"""Baselines are what an answer without a network reaches."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import BatchStream, Examples
from headway.doctor.probes.baselines import Baselines, gather, probe_baselines
from headway.doctor.program import MakeProgram, Program
from headway.doctor.task import TaskFacts

Digits = Callable[..., MakeProgram]


def baselines_of(
    inputs: Any,
    targets: Tensor,
    task: TaskFacts,
    *,
    num_train: int = 300,
    has_val: bool = True,
) -> Baselines:
    def split(part: slice) -> Examples:
        return Examples(source=(_cut(inputs, part), targets[part]))

    model = nn.Linear(1, 1)
    program = Program(
        model=model,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=split(slice(None, num_train)),
        val=split(slice(num_train, None)) if has_val else None,
    )
    evidence = Evidence(make=lambda _: program, program=program, task=task)
    return probe_baselines(evidence, Budget())


def _cut(inputs: Any, part: slice) -> Any:
    return tuple(x[part] for x in inputs) if isinstance(inputs, tuple) else inputs[part]


def classes(count: int, **others: Any) -> TaskFacts:
    return TaskFacts(kind="classes", num_classes=count, encoding="ids", **others)


@pytest.fixture
def noise() -> Tensor:
    return torch.randn(500, 6, generator=torch.Generator().manual_seed(0))


def test_the_dumb_baseline_says_the_most_frequent_class(noise: Tensor) -> None:
    targets = (torch.arange(500) % 10 == 0).long()
    assert baselines_of(noise, targets, classes(2)).dumb == pytest.approx(0.9)


def test_the_linear_baseline_separates_what_a_line_separates(noise: Tensor) -> None:
    targets = (noise[:, 0] > noise[:, 1]).long()
    assert baselines_of(noise, targets, classes(2)).learned["linear"] > 0.95


def test_labels_without_a_pattern_have_no_good_baseline(noise: Tensor) -> None:
    targets = torch.randint(2, (500,), generator=torch.Generator().manual_seed(1))
    found = baselines_of(noise, targets, classes(2))
    assert found.good < found.dumb + 3 * found.standard_error


def test_neighbors_know_what_no_line_separates() -> None:
    angle = torch.linspace(0, 60, 500)
    inputs = torch.stack([angle.cos(), angle.sin()], dim=1)
    targets = (inputs[:, 0] * inputs[:, 1] > 0).long()
    found = baselines_of(inputs, targets, classes(2)).learned
    assert found["neighbors"] > 0.9 > 0.8 > found["linear"]


def test_ridge_explains_a_linear_target(noise: Tensor) -> None:
    targets = 3 * noise[:, :1] - 100
    found = baselines_of(noise, targets, TaskFacts(kind="values", encoding="column"))
    assert found.learned["linear"] == pytest.approx(1, abs=0.01)


def test_the_mean_has_an_r2_of_about_zero(noise: Tensor) -> None:
    found = baselines_of(noise, noise[:, :1], TaskFacts(kind="values", encoding="column"))
    assert found.dumb == pytest.approx(0, abs=0.05)


def test_scale_and_offset_of_columns_change_nothing(noise: Tensor) -> None:
    targets = (noise[:, 0] > noise[:, 1]).long()
    scaled = noise * torch.tensor([1e4, 1e-4, 1, 1, 1, 1]) + 7
    assert (
        baselines_of(scaled, targets, classes(2)).learned["linear"]
        == baselines_of(noise, targets, classes(2)).learned["linear"]
    )


def test_numbers_that_are_none_do_not_stop_it(noise: Tensor) -> None:
    targets = (noise[:, 0] > 0).long()
    broken = noise.clone()
    broken[::7, 3] = float("nan")
    broken[::5, 4] = float("inf")
    assert baselines_of(broken, targets, classes(2)).learned["linear"] > 0.9


def test_tokens_are_counted_and_placed() -> None:
    tokens = torch.randint(9, (500, 5), generator=torch.Generator().manual_seed(0))
    found = baselines_of(tokens, tokens[:, 2], classes(9))
    assert found.learned["linear"] > 0.95


def test_several_inputs_are_put_side_by_side(noise: Tensor) -> None:
    targets = (noise[:, 0] > noise[:, 5]).long()
    found = baselines_of((noise[:, :3], noise[:, 3:]), targets, classes(2))
    assert found.learned["linear"] > 0.95


def test_an_answer_for_each_position_looks_at_that_position() -> None:
    tokens = torch.randint(6, (500, 4), generator=torch.Generator().manual_seed(0))
    found = baselines_of(tokens, (tokens + 1) % 6, classes(6, per_position=True))
    assert found.learned["linear"] == 1


def test_an_autoencoder_is_not_measured_by_a_copy(noise: Tensor) -> None:
    task = TaskFacts(kind="values", targets_equal_inputs=True)
    found = baselines_of(noise, noise, task)
    assert set(found.learned) == {"components"}


def test_an_unknown_task_has_no_baselines(noise: Tensor) -> None:
    assert baselines_of(noise, noise, TaskFacts(kind="unknown")).learned == {}


def test_without_validation_data_one_half_judges_the_other(digits: Digits) -> None:
    program = digits(with_val=False)(0)
    evidence = Evidence(make=digits(), program=program, task=classes(10))
    found = probe_baselines(evidence, Budget())
    assert (found.part, found.samples) == ("train", 400)
    assert 0.85 < found.good < 1


def test_batches_without_numbers_are_gathered(digits: Digits) -> None:
    program = digits()(0)
    stream = Examples(source=BatchStream(list(program.train.batches())))
    assert len(gather(stream, 100)[1]) >= 100


def test_looking_at_the_data_draws_no_random_number(digits: Digits) -> None:
    program = digits()(0)
    state = torch.random.get_rng_state()
    gather(replace(program.train, source=program.train.source), 100)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_standard_error_of_an_accuracy_is_that_of_a_share() -> None:
    found = Baselines(dumb=0.1, learned={"linear": 0.9}, samples=100, num_classes=10)
    assert found.standard_error == pytest.approx(0.03)


def test_the_standard_error_of_an_r2_is_that_of_resampled_data() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2000, 100, generator=generator)
    y = x + torch.randn(2000, 100, generator=generator)
    residual, total = (y - x).square().sum(dim=1), y.square().sum(dim=1)
    found = Baselines(dumb=0.0, learned={"linear": 0.5}, samples=100)
    assert found.standard_error == pytest.approx(
        float((1 - residual / total).std()), rel=0.1
    )


def test_pixels_of_yes_and_no_are_scored_as_such(noise: Tensor) -> None:
    pixels = (noise > 1).float()
    task = TaskFacts(kind="values", targets_equal_inputs=True)
    assert baselines_of(pixels, pixels, task).dumb == pytest.approx(0.84, abs=0.03)


def test_names_that_only_one_part_has_are_known_in_both() -> None:
    # The last name occurs in the validation data alone.
    names = torch.cat([torch.arange(300) % 6, torch.arange(200) % 7]).reshape(-1, 1)
    targets = (names[:, 0] > 2).long()
    learned = baselines_of(names.repeat(1, 4), targets, classes(2)).learned
    assert min(learned.values()) > 0.85


def test_a_copy_is_no_baseline_of_inputs_without_validation_data(noise: Tensor) -> None:
    model = nn.Linear(6, 6)
    program = Program(
        model=model,
        loss_fn=nn.MSELoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=(noise, noise)),
    )
    task = TaskFacts(kind="values", targets_equal_inputs=True)
    evidence = Evidence(make=lambda _: program, program=program, task=task)
    learned = probe_baselines(evidence, Budget()).learned
    assert list(learned) == ["components"]
    assert learned["components"] < 0.6


@pytest.mark.parametrize("has_val", [True, False])
def test_the_rows_of_a_truth_table_can_be_learned_by_heart(has_val: bool) -> None:
    rows = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]).repeat(2, 1)
    targets = torch.tensor([0, 0, 0, 1]).repeat(2)
    found = baselines_of(rows, targets, classes(2), num_train=4, has_val=has_val)
    assert (found.dumb, found.good) == (0.75, 1.0)
    assert found.good - found.dumb > 2.5 * found.standard_error


def test_a_few_rows_that_are_not_asked_for_are_no_table() -> None:
    rows = torch.arange(12.0)[:, None]
    targets = (rows[:, 0] > 3).long()
    assert "table" not in baselines_of(rows, targets, classes(2), num_train=8).learned


class Columns:
    """Sequences in columns, of another length in each batch."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        draws = torch.Generator().manual_seed(0)
        for batch in range(800 // self.size):
            steps = torch.randn(2 + batch % 4, self.size, 3, generator=draws)
            yield steps, (steps[0, :, 0] > 0).long()


@pytest.mark.parametrize("size", [1, 16])
def test_sequences_in_columns_are_looked_at_one_by_one(digits: Digits, size: int) -> None:
    train = Examples(source=BatchStream(Columns(size)))
    program = replace(digits()(0), train=train, val=None)
    evidence = Evidence(make=lambda _: program, program=program, task=classes(2))
    found = probe_baselines(evidence, Budget())
    assert (found.part, found.samples) == ("train", 400)
    assert found.learned["linear"] > 0.9 > 0.7 > found.dumb
