from dataclasses import replace

import pytest

from headway.terminal import confusions
from headway.terminal.results import commands, results, time_text


def test_the_results_are_best_last_training_and_guessing(
    end_facts, start_facts, best_report
):
    found = results(end_facts, start_facts, best_report)

    assert [(result.label, result.note) for result in found] == [
        ("best", "epoch 23"),
        ("last", "epoch 60"),
        ("training data", "epoch 60"),
        ("guessing", ""),
    ]


def test_metrics_lose_the_part_they_were_measured_on(end_facts, start_facts, best_report):
    best = results(end_facts, start_facts, best_report)[0]

    assert best.values == {"loss": 0.0322, "accuracy": 0.993}


def test_a_best_epoch_of_an_earlier_session_is_not_guessed(end_facts, start_facts):
    assert results(end_facts, start_facts, None)[0].note == ""


def test_what_was_not_measured_is_left_out(end_facts):
    outcome = replace(end_facts.outcome, values={}, best_values={})

    assert results(replace(end_facts, outcome=outcome), None, None) == []


def test_the_worst_confusions_come_first():
    confusion = [[5, 1, 0], [3, 7, 0], [0, 2, 1000]]

    assert confusions(("cat", "dog", "horse"), confusion) == [
        "dog -> cat    3 of 10 (30.0 %)",
        "horse -> dog  2 of 1,002 (0.2 %)",
        "cat -> dog    1 of 6 (16.7 %)",
    ]


def test_at_most_five_confusions_are_named():
    confusion = [[1] * 10 for _ in range(10)]

    assert len(confusions(tuple("0123456789"), confusion)) == 5


@pytest.mark.parametrize("confusion", [None, [[3, 0], [0, 4]]], ids=["unknown", "perfect"])
def test_no_confusions_are_an_empty_list(confusion):
    assert confusions(("cat", "dog"), confusion) == []


def test_the_time_comes_with_the_rate(end_facts, start_facts):
    assert time_text(end_facts, start_facts) == "27 s for 600 steps, 2,803 images/s"


def test_an_early_stop_is_mentioned(end_facts, start_facts):
    outcome = replace(end_facts.outcome, stopped_early=True)

    assert time_text(replace(end_facts, outcome=outcome), start_facts).endswith(
        "images/s, stopped early"
    )


def test_the_commands_can_be_pasted_into_a_shell(end_facts, start_facts):
    facts = replace(end_facts, folder="my runs/a", data="it's here")

    assert commands(facts, start_facts) == [
        ("test", """headway evaluate 'my runs/a' 'it'"'"'s here'"""),
        ("export", "headway export 'my runs/a'"),
    ]


def test_the_report_of_a_run_comes_before_the_commands(end_facts, start_facts):
    facts = replace(end_facts, report="runs/digits-resnet-20/report.html")

    assert commands(facts, start_facts)[0] == ("report", facts.report)


def test_data_without_a_test_part_needs_other_data(end_facts, start_facts):
    start = replace(start_facts, info=replace(start_facts.info, num_test=0))

    assert commands(end_facts, start)[0][1] == (
        "headway evaluate runs/digits-resnet-20 OTHER_DATA"
    )


def test_a_run_that_was_not_kept_has_no_commands(end_facts, start_facts):
    assert commands(replace(end_facts, folder=None), start_facts) == []
