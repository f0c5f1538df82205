"""Measure a trained network on data that it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headway.data import (
    ArrayEvaluation,
    ArraySplit,
    FileEvaluation,
    Split,
    align_source,
    read_source,
)
from headway.engine import autocast
from headway.engine import evaluate as measure
from headway.errors import DataError
from headway.jobs.description import check_same_data
from headway.jobs.network import Network, Weights, load_network
from headway.jobs.places import anchor
from headway.recipe import load_recipe, read_data, source_options
from headway.runs import Run, RunRecord, open_run

_BATCH = 512


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Metrics of a network on data that it was not trained on.

    Attributes:
        values: Metrics by name.
        confusion: Counts by true (row) and predicted (column) class, or None.
        classes: Class names.
        source: Where the data came from.
        split: "test" for a held-out part, "all" for data without one.
        num_samples: Samples measured.
        test_accesses: How often this run has been measured on its own test part, with this
            time; a choice made by looking often is no longer a test.
    """

    values: dict[str, float]
    confusion: list[list[int]] | None
    classes: tuple[str, ...]
    source: str
    split: str
    num_samples: int
    test_accesses: int


def evaluate(
    run: str | Path,
    data: str | None = None,
    *,
    weights: Weights = "best",
    overrides: Sequence[str] = (),
) -> Evaluation:
    """Measure the network of a run on the held-out part of its data, or on other data.

    Args:
        run: Run folder, or its name below runs/.
        data: Another source; the run's own where None.
        weights: The best snapshot by validation, or the state of the newest checkpoint.
        overrides: Changes to how other data is read, such as "data.target=price".

    Raises:
        RunError: If there is no such run or its data has changed.
        DataError: If the data cannot be read or does not fit the network.

    Example:
        >>> evaluate("runs/2026-11-21-0912-digits-resnet-20").values  # doctest: +SKIP
        {'loss': 0.04, 'accuracy': 0.99}
    """
    found = open_run(run)
    network = load_network(found, weights=weights)
    is_own = data is None or _is_same(data, network)
    if is_own and not overrides:
        split, part = _own_test(found, network), "test"
    else:
        split, part = _other(network, data, overrides)
    metrics = measure(
        network.model,
        network.task,
        _loader(split, network),
        device=network.device,
        context=autocast(network.precision, network.device),
        channels_last=network.precision.channels_last is True,
    )
    confusion = getattr(metrics, "confusion", None)
    source = data or network.recipe.data.source
    values = metrics.compute()
    _note(found, source=source, part=part, values=values, is_own=is_own)
    return Evaluation(
        values=values,
        confusion=None if confusion is None else confusion().tolist(),
        classes=network.info.classes,
        source=source,
        split=part,
        num_samples=len(split),
        test_accesses=_test_accesses(found),
    )


def _is_same(data: str, network: Network) -> bool:
    own = network.recipe.data
    return anchor(replace(network.recipe, data=replace(own, source=data))).data.source == (
        own.source
    )


def _own_test(run: Run, network: Network) -> Split:
    """Return the part that was held out when the run was trained."""
    splits = read_data(network.recipe)
    check_same_data(run, splits)
    if splits.test is None:
        raise DataError(
            f"{network.info.name} has no test part: data.test_fraction was 0; "
            "give other data to evaluate on"
        )
    return splits.test


def _other(
    network: Network, data: str | None, overrides: Sequence[str]
) -> tuple[Split, str]:
    """Return what can be measured of another source: its test part, or all of it."""
    recipe = load_recipe(network.recipe, overrides=overrides)
    if data is not None:
        recipe = anchor(replace(recipe, data=replace(recipe.data, source=data)))
    source = read_source(recipe.data.source, source_options(recipe))
    source = align_source(source, network.info)
    if source.test is not None:
        return source.test, "test"
    return source.train, "all"


def _loader(split: Split, network: Network) -> ArrayEvaluation | FileEvaluation:
    kind = ArrayEvaluation if isinstance(split, ArraySplit) else FileEvaluation
    return kind(
        split,  # pyright: ignore[reportArgumentType]
        batch_size=_BATCH,
        device=network.device,
        preprocessing=network.preprocessing,
    )


def _note(
    run: Run, *, source: str, part: str, values: dict[str, float], is_own: bool
) -> None:
    record = RunRecord.reopen(run.folder)
    record.event("evaluated", source=source, split=part, values=values, is_own_test=is_own)
    record.close()


def _test_accesses(run: Run) -> int:
    return sum(
        event["event"] == "evaluated" and bool(event.get("is_own_test"))
        for event in run.events()
    )
