import math

import pytest
import torch
from torch.nn import functional as F

from headway.data import DataInfo
from headway.errors import DataError, ModelError
from headway.tasks import (
    LanguageModel,
    StepClassification,
    build_task,
    restore_task,
    task_settings,
)

CPU = torch.device("cpu")
TARGETS = torch.tensor([[0, 2, -100], [1, -100, 3]])
KEPT = TARGETS != -100


@pytest.fixture
def logits():
    return torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))


def info(task="language-model", classes=("\ufffd", "a", "b", "c")):
    return DataInfo(
        name="book",
        kind="tokens",
        input_shape=(3,),
        dtype="int64",
        task=task,
        classes=classes,
        num_train=2,
        num_val=0,
        num_test=0,
    )


def measured(task, *batches):
    metrics = task.new_metrics(CPU)
    for batch in batches:
        metrics.update(*batch)
    return metrics.compute()


def test_the_loss_is_the_mean_over_the_steps_that_count(logits):
    expected = F.cross_entropy(logits[KEPT], TARGETS[KEPT])
    torch.testing.assert_close(StepClassification(4).loss(logits, TARGETS), expected)


def test_metrics_are_means_over_all_steps_that_count(logits):
    task = StepClassification(4)
    found = measured(task, (logits[:1], TARGETS[:1]), (logits[1:], TARGETS[1:]))
    hits = logits.argmax(2)[KEPT] == TARGETS[KEPT]
    assert found["loss"] == pytest.approx(float(task.loss(logits, TARGETS)))
    assert found["accuracy"] == pytest.approx(float(hits.float().mean()))


def test_samples_that_only_pad_a_batch_do_not_count(logits):
    task = StepClassification(4)
    mask = torch.tensor([True, False])
    padded = measured(task, (logits, TARGETS, mask))
    assert padded == pytest.approx(measured(task, (logits[:1], TARGETS[:1])))


def test_bits_and_perplexity_are_the_loss_in_other_units():
    found = measured(LanguageModel(4), (torch.zeros(1, 2, 4), torch.tensor([[1, 3]])))
    assert found["bits_per_character"] == pytest.approx(2.0)
    assert found["perplexity"] == pytest.approx(4.0)


def test_a_hopeless_network_is_infinitely_perplexed():
    logits = torch.tensor([[[0.0, 1000.0]]])
    assert (
        measured(LanguageModel(2), (logits, torch.tensor([[0]])))["perplexity"] == math.inf
    )


def test_metrics_of_nothing_are_not_numbers():
    assert math.isnan(StepClassification(4).new_metrics(CPU).compute()["accuracy"])


def test_language_models_are_chosen_by_the_lowest_loss():
    assert (LanguageModel(2).monitor, LanguageModel(2).monitor_mode) == ("loss", "min")


def test_guessing_reaches_the_entropy_of_the_characters():
    targets = torch.tensor([[0, 0, 1, -100]])
    chance = LanguageModel(2).chance_level(targets)
    entropy = math.log(3) - 2 / 3 * math.log(2)
    assert chance["loss"] == pytest.approx(entropy)
    assert chance["bits_per_character"] == pytest.approx(entropy / math.log(2))
    assert chance["accuracy"] == pytest.approx(2 / 3)


def test_predictions_are_probabilities_at_each_step(logits):
    torch.testing.assert_close(StepClassification(4).predict(logits), logits.softmax(2))


def test_members_answer_with_the_mean_of_their_probabilities(logits):
    task = StepClassification(4)
    both = torch.stack([logits, -logits])
    expected = both.softmax(3).mean(0)
    torch.testing.assert_close(task.predict(task.combine(both)), expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("language-model", LanguageModel), ("step-classification", StepClassification)],
)
def test_the_data_decides_the_task_and_a_record_brings_it_back(kind, expected):
    task = build_task(info(kind), TARGETS)
    assert type(task) is expected
    assert type(restore_task(info(kind), task_settings(task))) is expected


def test_targets_beyond_the_classes_are_refused():
    with pytest.raises(DataError, match=r"must be in 0..1, got 0..3"):
        build_task(info(classes=("\ufffd", "a")), TARGETS)


def test_targets_of_which_none_counts_are_refused():
    with pytest.raises(DataError, match="some of which count"):
        build_task(info(), torch.full((2, 3), -100))


def test_one_answer_for_a_whole_sequence_is_refused():
    with pytest.raises(ModelError, match=r"shape \(batch, steps, 4\): an answer at every"):
        StepClassification(4).loss(torch.zeros(2, 4), TARGETS)


def test_targets_of_another_shape_are_refused():
    with pytest.raises(DataError, match=r"int64 targets of shape \(2, 3\)"):
        StepClassification(4).loss(torch.zeros(2, 3, 4), TARGETS[:, :2])


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 2, got 1"):
        LanguageModel(1)
