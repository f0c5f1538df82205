"""Measure trained networks on data that they have not seen."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from headway.data import Split, Views, align_source, build_views, read_source
from headway.engine import Metrics
from headway.errors import DataError, InputError, RunError
from headway.jobs.combining import Names, answers, combined, load_members
from headway.jobs.description import check_same_data
from headway.jobs.loading import raw_batches
from headway.jobs.network import Network
from headway.jobs.places import anchor
from headway.jobs.soup import average_weights
from headway.nn import dropout_on, has_dropout
from headway.recipe import Weights, load_recipe, read_data, source_options
from headway.runs import Run, RunRecord

Combine = Literal["predictions", "weights"]


@dataclass(frozen=True, kw_only=True)
class Member:
    """One network of an ensemble on its own.

    Attributes:
        run: Name of its run.
        values: Metrics by name.
    """

    run: str
    values: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What an ensemble is worth beside its members.

    Attributes:
        combine: "predictions" or "weights".
        members: The members on their own.
        mean_member: Mean of their metrics.
        gain: Metrics of the ensemble less those of the mean member.
    """

    combine: Combine
    members: tuple[Member, ...]
    mean_member: dict[str, float]
    gain: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Metrics of a network, or of several together, on data not trained on.

    Attributes:
        values: Metrics by name.
        confusion: Counts by true (row) and predicted (column) class, or None.
        classes: Class names.
        source: Where the data came from.
        split: "test" for a held-out part, "all" for data without one.
        num_samples: Samples measured.
        test_accesses: How often this run has been measured on its own test part, with this
            time, the largest of several; a choice made by looking often is no longer a test.
        ensemble: The members of an ensemble and what it gains, or None for one network.
    """

    values: dict[str, float]
    confusion: list[list[int]] | None
    classes: tuple[str, ...]
    source: str
    split: str
    num_samples: int
    test_accesses: int
    ensemble: Comparison | None = None


def evaluate(
    run: Names,
    data: str | None = None,
    *,
    weights: Weights = "best",
    combine: Combine = "predictions",
    views: str = "none",
    mc_dropout: int = 0,
    overrides: Sequence[str] = (),
) -> Evaluation:
    """Measure the network of a run on the held-out part of its data, or on other data.

    Several runs, or an ensemble, are measured one by one and together. Together they answer
    with the mean of their probabilities (of their values, in regression), or as one network
    with the mean of their weights.

    Args:
        run: Run folder or ensemble folder, or its name below runs/; or several.
        data: Another source; the run's own where None.
        weights: The best snapshot by validation, or the state of the newest checkpoint.
        combine: What is averaged of several networks.
        views: Views of each image that answers are averaged over; see `build_views`.
        mc_dropout: Draws of dropout that answers are averaged over, at least 2; with 0,
            dropout is off. The mean is of probabilities, or of values in regression.
        overrides: Changes to how other data is read, such as "data.target=price".

    Raises:
        RunError: If there is no such run, its data has changed, several runs cannot answer
            together, or there is no dropout to draw.
        RecipeError: If there are no such views of these inputs.
        InputError: If `mc_dropout` is negative or 1.
        DataError: If the data cannot be read or does not fit the network.

    Reference:
        Hansen and Salamon, "Neural Network Ensembles", 1990. Gal and Ghahramani, "Dropout
        as a Bayesian Approximation", 2015, section 4. arXiv:1506.02142.

    Example:
        >>> evaluate("runs/2026-11-21-0912-digits-resnet-20").values  # doctest: +SKIP
        {'loss': 0.04, 'accuracy': 0.99}
    """
    runs, networks = load_members(run, weights=weights)
    first = networks[0]
    seen = build_views(views, first.info.input_shape)
    if mc_dropout:
        _check_draws(mc_dropout, runs, networks)
    is_own = data is None or any(_is_same(data, network) for network in networks)
    if is_own and not overrides:
        split, part = _own_test(runs, first), "test"
    else:
        split, part = _other(first, data, overrides)
    mean = average_weights(runs, networks) if combine == "weights" else None
    *members, metrics = _measure(split, networks, mean, seen, mc_dropout)
    values = with_error_rates(metrics.compute())
    source = data or first.recipe.data.source
    for one, its in zip(runs, members, strict=True):
        fields: dict[str, Any] = {"values": its.compute()}
        if len(runs) > 1:
            fields |= {"ensemble": [run.name for run in runs], "ensemble_values": values}
        _note(one, source=source, split=part, is_own_test=is_own, **fields)
    confusion = getattr(metrics, "confusion", None)
    return Evaluation(
        values=values,
        confusion=None if confusion is None else confusion().tolist(),
        classes=first.info.classes,
        source=source,
        split=part,
        num_samples=len(split),
        test_accesses=max(map(_test_accesses, runs)),
        ensemble=_compare(runs, members, values, combine) if len(runs) > 1 else None,
    )


def with_error_rates(values: dict[str, float]) -> dict[str, float]:
    """Add "top5_error" where there is "top5", which is the share that is right.

    Papers print either and call both "top 5": with 1,000 classes, 94 % and 6 % may be the
    same result.

    Example:
        >>> with_error_rates({"top5": 0.75})
        {'top5': 0.75, 'top5_error': 0.25}
    """
    return values | ({"top5_error": 1.0 - values["top5"]} if "top5" in values else {})


@torch.no_grad()
def _measure(
    split: Split,
    networks: Sequence[Network],
    mean: Network | None,
    views: Views,
    mc_dropout: int,
) -> list[Metrics]:
    """Return the metrics of each network, and last of all together."""
    first = networks[0]
    everyone = [first.task.new_metrics(first.device) for _ in range(len(networks) + 1)]
    asked = networks if mean is None else [*networks, mean]
    with ExitStack() as stack:
        if mc_dropout:
            for network in asked:
                stack.enter_context(dropout_on(network.model))
        for batch in raw_batches(split, first.device).batches():
            outputs = answers(asked, batch.inputs, views, draws=max(1, mc_dropout))
            together = combined(first, outputs) if mean is None else outputs.pop()
            for metrics, output in zip(everyone, [*outputs, together], strict=True):
                metrics.update(output, batch.targets, batch.mask)
    return list(everyone)


def _check_draws(mc_dropout: int, runs: Sequence[Run], networks: Sequence[Network]) -> None:
    if mc_dropout < 2:
        raise InputError(
            f"mc_dropout must be at least 2 draws, or 0 for dropout off, got {mc_dropout}"
        )
    for run, network in zip(runs, networks, strict=True):
        if not has_dropout(network.model):
            raise RunError(
                f"{run.folder} has no dropout that could draw; leave mc_dropout out, or train "
                f"{network.recipe.model.name} with dropout"
            )


def _compare(
    runs: Sequence[Run], metrics: Sequence[Metrics], values: dict[str, float], how: Combine
) -> Comparison:
    members = tuple(
        Member(run=run.name, values=with_error_rates(its.compute()))
        for run, its in zip(runs, metrics, strict=True)
    )
    mean = {n: sum(m.values[n] for m in members) / len(members) for n in values}
    gain = {name: value - mean[name] for name, value in values.items()}
    return Comparison(combine=how, members=members, mean_member=mean, gain=gain)


def _is_same(data: str, network: Network) -> bool:
    own = network.recipe.data
    return anchor(replace(network.recipe, data=replace(own, source=data))).data.source == (
        own.source
    )


def _own_test(runs: Sequence[Run], network: Network) -> Split:
    """Return the part that was held out when the runs were trained."""
    one = runs[0].environment.get("data_fingerprint")
    for run in runs[1:]:
        if run.environment.get("data_fingerprint") != one:
            raise RunError(
                f"{runs[0].folder} and {run.folder} were trained on different data or "
                "different parts of it, so one may have learned what the other is tested "
                "with; give other data to evaluate on"
            )
    splits = read_data(network.recipe)
    check_same_data(runs[0], splits)
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


def _note(run: Run, **fields: Any) -> None:
    record = RunRecord.reopen(run.folder)
    record.event("evaluated", **fields)
    record.close()


def _test_accesses(run: Run) -> int:
    return sum(
        event["event"] == "evaluated" and bool(event.get("is_own_test"))
        for event in run.events()
    )
