from dataclasses import replace

import pytest
from rich.console import Console

from headway.terminal.bar import Bar
from headway.terminal.panels import end_panel, print_commands, print_panel, start_panel
from headway.terminal.progress import Progress


def lines(console: Console) -> list[str]:
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [40, 80, 100, 160])
def test_panels_keep_within_the_terminal_and_a_readable_width(
    make_console, start_facts, end_facts, best_report, width
):
    console = make_console(width)
    print_panel(console, start_panel(start_facts))
    print_panel(console, end_panel(end_facts, start_facts, best_report))

    assert {len(line) for line in lines(console)} == {min(width, 100)}


def test_the_texts_of_a_panel_begin_in_one_column(make_console, start_facts):
    console = make_console(80)
    print_panel(console, start_panel(start_facts))

    assert all(line[12] == " " and line[13] != " " for line in lines(console)[1:-1])


def test_the_end_panel_holds_a_table_of_metrics(
    make_console, start_facts, end_facts, best_report
):
    console = make_console(80)
    print_panel(console, end_panel(end_facts, start_facts, best_report))

    assert [line[13:].rstrip(" │") for line in lines(console)[1:6]] == [
        "                          accuracy     loss",
        "best, epoch 23             99.30 %   0.0322",
        "last, epoch 60             98.60 %   0.0413",
        "training data, epoch 60   100.00 %   0.0007",
        "guessing                   10.12 %   2.3019",
    ]


def test_the_end_panel_names_confusions_time_and_run(
    make_console, start_facts, end_facts, best_report
):
    console = make_console(80)
    print_panel(console, end_panel(end_facts, start_facts, best_report))

    assert [line[2:].rstrip(" │") for line in lines(console)[6:-1]] == [
        "confused   8 -> 1  2 of 16 (12.5 %)",
        "time       27 s for 600 steps, 2,803 images/s",
        "run        runs/digits-resnet-20",
    ]


def test_commands_are_never_broken(make_console, start_facts, end_facts):
    console = make_console(40)
    print_commands(console, end_facts, start_facts)

    assert lines(console) == [
        "  test       headway evaluate runs/digits-resnet-20 digits",
        "  export     headway export runs/digits-resnet-20",
    ]


def test_names_are_not_read_as_markup(make_console, start_facts):
    info = replace(start_facts.info, classes=("[red]", ":cat:"))
    console = make_console(80)
    print_panel(console, start_panel(replace(start_facts, info=info)))

    assert "2: [red], :cat:" in console.export_text()


def test_a_bar_stands_over_the_numbers(make_console, step_report, last_report):
    console = make_console(80)
    console.print(bar_at_240(step_report, last_report))
    first, second = lines(console)

    assert first.startswith("epoch 24.0 of 60 ━")
    assert " 40 % " in first
    assert first.endswith(" left")
    assert second == "loss 0.2131   val accuracy 98.60 %   6,120 images/s   lr 0.0981"


@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_bar_has_two_lines_at_every_width(make_console, step_report, last_report, width):
    console = make_console(width)
    console.print(bar_at_240(step_report, last_report))

    assert [len(line) <= min(width, 100) for line in lines(console)] == [True, True]


def test_a_narrow_bar_leaves_out_whole_numbers(make_console, step_report, last_report):
    console = make_console(40)
    console.print(bar_at_240(step_report, last_report))

    assert lines(console)[1] == "loss 0.2131   val accuracy 98.60 %"


def test_part_of_an_epoch_has_one_decimal(make_console, step_report, last_report):
    bar = bar_at_240(step_report, last_report)
    bar.steps_per_epoch = 390
    console = make_console(80)
    console.print(bar)

    assert lines(console)[0].startswith("epoch 0.6 of 1.5 ━")


def test_before_the_first_step_the_time_is_counted(make_console):
    console = make_console(80)
    console.print(Bar(Progress()))

    assert lines(console)[0].endswith("preparing data and network  0 s")


def bar_at_240(step_report, last_report) -> Bar:
    progress = Progress()
    progress.start(step=0, total_steps=600)
    progress.take_report(step_report)
    progress.take_evaluation(last_report)
    bar = Bar(progress)
    bar.is_training = True
    bar.unit = "images/s"
    bar.steps_per_epoch = 10
    return bar
