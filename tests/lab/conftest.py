"""A small experiment that trains nothing, and a way to judge real ones from few seeds."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from headway.lab import Experiment, Requirement, Results, judge, load_experiment, running
from headway.lab.bench import Bench
from headway.lab.verdict import Check, Verdict

Judge = Callable[..., tuple[Verdict, tuple[Check, ...]]]


def _plot(figure, results: Results) -> None:
    axes = figure.subplots()
    axes.plot(results.values("treated", "score"), results.values("control", "score"))


def make_experiment(treated=lambda seed: 3.0 + seed, control=lambda seed: 1.0, **changes):
    return Experiment(
        name="tiny",
        claim="Three is more than one.",
        source="Peano, 1889",
        arms={
            "treated": lambda bench, seed: {"score": treated(seed)},
            "control": lambda bench, seed: {"score": control(seed)},
        },
        requirements=(
            Requirement(
                text="the treated score is above 2",
                value=lambda arms: arms["treated"]["score"],
                above=2.0,
            ),
            Requirement(
                text="that of the control is below 2",
                value=lambda arms: arms["control"]["score"],
                below=2.0,
                is_control=True,
            ),
        ),
        plot=_plot,
        **changes,
    )


@pytest.fixture
def tiny(monkeypatch) -> Iterator[Callable[..., Experiment]]:
    """Make an experiment that the lab knows under the name "tiny"."""

    def make(**changes) -> Experiment:
        experiment = make_experiment(**changes)
        monkeypatch.setattr(running, "load_experiment", lambda name: experiment)
        return experiment

    return make


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    """Run an experiment in this process from some seeds and judge it."""

    def run(name: str, seeds: Sequence[int] = (0, 1, 2), arms: Sequence[str] = ()):
        experiment = load_experiment(name)
        chosen = arms or tuple(experiment.arms)
        by_seed = {
            seed: {
                arm: experiment.arms[arm](Bench(folder=tmp_path / name, arm=arm), seed)
                for arm in chosen
            }
            for seed in seeds
        }
        return judge(experiment, Results(by_seed))

    return run
