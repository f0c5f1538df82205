"""The doctor's benchmark: its programs run, its faults are what they are called."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from headway.doctor.finding import CAUSES

FOLDER = Path(__file__).parents[2] / "benchmarks" / "doctor"
PROGRAMS = [
    path
    for part in ("real", "fresh", "newest", "latest")
    for path in sorted((FOLDER / "programs" / part).glob("*.py"))
]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import a module of the benchmark; none stays imported."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(FOLDER))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield module
    for name in set(sys.modules) - before:
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_there_are_enough_programs_of_each_kind(benchmark: Any) -> None:
    entries = benchmark("catalogue").entries()
    kinds = [entry.kind for entry in entries]
    families = benchmark("families").FAMILIES

    assert kinds.count("real") == kinds.count("fixed") >= 25
    assert kinds.count("injected") >= 300
    assert kinds.count("healthy") >= 60
    assert len(families) >= 12
    assert len({entry.name for entry in entries}) == len(entries)


def test_the_halves_share_no_family_and_no_real_program(benchmark: Any) -> None:
    seen: dict[str, str] = {}
    for entry in benchmark("catalogue").entries():
        _, _, rest = entry.name.partition("/")
        base = rest.partition("+")[0].partition("~")[0]
        assert seen.setdefault(base, entry.split) == entry.split


def test_every_cause_is_a_word_of_the_vocabulary(benchmark: Any) -> None:
    mutations = benchmark("mutations").MUTATIONS
    catalogue = benchmark("catalogue")
    said = [fault.causes for fault in mutations.values()]
    said += [catalogue.load(path).CAUSES for path in PROGRAMS]

    assert {cause for causes in said for cause in causes} <= set(CAUSES)


def test_each_real_fault_names_the_report_it_is_built_from(benchmark: Any) -> None:
    load = benchmark("catalogue").load
    for module in map(load, PROGRAMS):
        assert module.SOURCE.startswith(("https://", "http://"))
        assert module.__doc__.strip()


def test_the_newest_part_has_each_fault_with_its_twin_and_no_cause_often(
    benchmark: Any,
) -> None:
    entries = [e for e in benchmark("catalogue").entries() if e.split == "newest"]
    first = [entry.causes[0] for entry in entries if entry.kind == "real"]

    assert len(first) == sum(entry.kind == "fixed" for entry in entries) == 14
    assert sum(entry.kind == "healthy" for entry in entries) == 22
    assert max(map(first.count, first)) <= 2


def test_equal_seeds_make_equal_programs(benchmark: Any) -> None:
    dense = benchmark("families.dense")
    one, other = dense.mlp(3), dense.mlp(3)

    for a, b in zip(one["model"].parameters(), other["model"].parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_healthy_family_learns_and_a_broken_one_does_not(benchmark: Any) -> None:
    outcome = benchmark("training").outcome
    make = benchmark("families").FAMILIES["tanh_mlp"].make
    frozen = benchmark("mutations").MUTATIONS["targets_shuffled"].apply(make)

    assert outcome(make(0), 0).metric > 0.9
    assert outcome(frozen(0), 0).metric < 0.8


def test_a_lost_training_is_the_worst_of_all(benchmark: Any) -> None:
    outcome = benchmark("training").outcome
    make = benchmark("families").FAMILIES["wine"].make
    nan = benchmark("mutations").MUTATIONS["nan_in_one_sample"].apply(make)

    ended = outcome(nan(0), 0)

    assert ended.metric == -torch.inf
    assert ended.stop == "diverged"


def test_a_mutation_changes_nothing_in_the_healthy_program(benchmark: Any) -> None:
    families, mutations = benchmark("families").FAMILIES, benchmark("mutations").MUTATIONS
    make = families["mlp"].make
    expected = make(0)["train"][0].clone()

    mutations["inputs_x255"].apply(make)(0)

    assert torch.equal(make(0)["train"][0], expected)


def test_a_cut_network_has_no_gradient_before_the_cut(benchmark: Any) -> None:
    make = (
        benchmark("mutations")
        .MUTATIONS["detached"]
        .apply(benchmark("families").FAMILIES["mlp"].make)
    )
    made = make(0)
    x, y = made["train"]

    made["loss_fn"](made["model"](x[:8]), y[:8]).backward()

    grads = [p.grad is not None for p in made["model"].parameters()]
    assert not grads[0]
    assert grads[-1]


def test_a_mutation_refuses_a_program_that_it_cannot_change(benchmark: Any) -> None:
    mutations = benchmark("mutations")
    make = mutations.MUTATIONS["eval_mode"].apply(
        benchmark("families").FAMILIES["mlp"].make
    )

    with pytest.raises(mutations.NotApplicableError):
        make(0)


def test_the_rules_of_umlaut_blame_a_learning_rate(benchmark: Any) -> None:
    tools = benchmark("earlier_tools")
    make = benchmark("families").FAMILIES["wine"].make
    fast = benchmark("mutations").MUTATIONS["lr_x100"].apply(make)

    assert "lr_high" not in tools.judge(make, 20.0)["tools"]["UMLAUT"]
    assert "lr_high" in tools.judge(fast, 20.0)["tools"]["UMLAUT"]


def test_a_report_counts_only_the_first_error_or_warning_as_the_cause(
    benchmark: Any,
) -> None:
    report = benchmark("report")
    findings = [
        {"cause": "overfitting", "severity": "info"},
        {"cause": "lr_high", "severity": "error"},
        {"cause": "lr_high", "severity": "warning"},
        {"cause": "init", "severity": "warning"},
    ]

    assert report.named({"findings": findings}) == ["lr_high"]
    assert report.named({"findings": findings}, 3) == ["lr_high", "init"]


def test_a_result_file_is_read_up_to_its_torn_line(benchmark: Any, tmp_path: Path) -> None:
    path = tmp_path / "check.jsonl"
    path.write_text('{"name": "real/a"}\n{"name": "re')

    assert benchmark("run").read(path) == [{"name": "real/a"}]
