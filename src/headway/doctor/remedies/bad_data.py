"""Remedies for samples that no training should see."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils.data import Subset

from headway.doctor.examples import Examples
from headway.doctor.finding import Cause
from headway.doctor.program import Program, num_in
from headway.doctor.remedies.mapping import with_batches
from headway.doctor.remedies.samples import samples
from headway.doctor.remedies.tracing import tensors_in
from headway.errors import RemedyDoesNotFit

_CHUNK = 512


@dataclass(frozen=True)
class DropBadSamples:
    """Leave out samples with NaN or infinite values in their inputs or targets."""

    cause: ClassVar[Cause] = "bad_data"

    def apply(self, program: Program) -> Program:
        """Return the program without the bad samples, in training and in validation."""
        train = _without_bad(program.train)
        val = _without_bad(program.val) if program.val is not None else None
        if train is program.train and val is program.val:
            raise RemedyDoesNotFit("all values of all samples are finite")
        return replace(program, train=train, val=val)

    def describe(self) -> str:
        """Return what changes."""
        return "Leave out the samples with NaN or infinite values."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "good = x.flatten(1).isfinite().all(dim=1) & y.isfinite()\n"
            "x, y = x[good], y[good]"
        )


@dataclass(frozen=True)
class ImputeBadValues:
    """Write the mean of a column or channel where a value is NaN or infinite.

    Samples whose targets are not finite are left out: nothing can be learned from them.
    """

    cause: ClassVar[Cause] = "bad_data"

    def apply(self, program: Program) -> Program:
        """Return the program with finite inputs."""
        means = [_finite_means(parts) for parts in _inputs_by_place(program)]
        if all(mean is None for mean in means):
            raise RemedyDoesNotFit("all input values are finite")
        changed = with_batches(program, _Impute(tuple(means)))
        train = _without_bad(changed.train)
        val = _without_bad(changed.val) if changed.val is not None else None
        return replace(changed, train=train, val=val)

    def describe(self) -> str:
        """Return what changes."""
        return "Replace NaN and infinite input values by the mean of their column."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "mean = x_train.nan_to_num(0, 0, 0).sum(0) / x_train.isfinite().sum(0)\n"
            "x = torch.where(x.isfinite(), x, mean)"
        )


@dataclass(frozen=True)
class DropLeak:
    """Leave the training samples out of the validation data."""

    cause: ClassVar[Cause] = "bad_data"

    def apply(self, program: Program) -> Program:
        """Return the program whose validation data has no training sample."""
        if program.val is None:
            raise RemedyDoesNotFit("there are no validation data")
        seen = set(_fingerprints(program.train))
        fresh = [n for n, key in enumerate(_fingerprints(program.val)) if key not in seen]
        if len(fresh) == program.val.num_samples:
            raise RemedyDoesNotFit("no validation sample is in the training data")
        if not fresh:
            raise RemedyDoesNotFit("every validation sample is in the training data")
        return replace(program, val=subset(program.val, fresh))

    def describe(self) -> str:
        """Return what changes."""
        return "Leave the training samples out of the validation data."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return (
            "seen = {row.numpy().tobytes() for row in x_train}\n"
            "fresh = [row.numpy().tobytes() not in seen for row in x_val]\n"
            "x_val, y_val = x_val[fresh], y_val[fresh]"
        )


@dataclass(frozen=True)
class _Impute:
    """A change of a batch that fills holes in its inputs."""

    means: tuple[Tensor | None, ...]

    def __call__(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        if isinstance(inputs, Tensor):
            return self._filled(inputs, self.means[0]), targets
        if hasattr(inputs, "items"):
            pairs = zip(inputs.items(), self.means, strict=True)
            return {k: self._filled(v, mean) for (k, v), mean in pairs}, targets
        pairs = zip(inputs, self.means, strict=True)
        return tuple(self._filled(v, mean) for v, mean in pairs), targets

    def _filled(self, values: Any, mean: Tensor | None) -> Any:
        return values if mean is None else torch.where(values.isfinite(), values, mean)


def subset(examples: Examples, numbers: list[int]) -> Examples:
    """Return the samples with these numbers, in batches like those before.

    Raises:
        RemedyDoesNotFit: If the source has no samples by number.
    """
    if isinstance(examples.source, tuple):
        chosen = torch.tensor(numbers)
        whole = replace(examples, maps=())
        return replace(examples, source=whole.pick(chosen))
    if examples.decides_itself:
        shuffle = not _is_sequential(examples.source)
        examples = examples.rebatched(shuffle=shuffle)
    if examples.decides_itself:
        name = type(examples.source).__name__
        raise RemedyDoesNotFit(f"samples cannot be taken out of a {name}")
    source = examples.source
    collated = getattr(source, "collate_fn", None)
    if collated is None:
        return replace(examples, source=Subset(source, numbers))
    return replace(
        examples, source=replace(source, dataset=Subset(source.dataset, numbers))
    )


def _without_bad(examples: Examples) -> Examples:
    good = [n for n, is_good in enumerate(_goodness(examples)) if is_good]
    if len(good) == examples.num_samples:
        return examples
    if not good:
        raise RemedyDoesNotFit("no sample has finite values only")
    return subset(examples, good)


def _goodness(examples: Examples) -> list[bool]:
    """Return for each sample whether all its values are finite."""
    found: list[bool] = []
    for inputs, targets in _in_order(examples):
        good = torch.ones(num_in(targets), dtype=torch.bool)
        for tensor in tensors_in((inputs, targets)):
            if tensor.is_floating_point():
                good &= tensor.reshape(len(tensor), -1).isfinite().all(dim=1).cpu()
        found += good.tolist()
    return found


def _fingerprints(examples: Examples) -> list[bytes]:
    """Return the bytes of each sample's inputs."""
    found: list[bytes] = []
    for inputs, _ in _in_order(examples):
        tensors = [t.detach().cpu() for t in tensors_in(inputs)]
        for n in range(len(tensors[0])):
            found.append(b"".join(t[n].numpy().tobytes() for t in tensors))
    return found


def _in_order(examples: Examples) -> list[Any]:
    if not examples.is_by_sample:
        raise RemedyDoesNotFit("the samples of a batch cannot be told apart")
    numbers = torch.arange(examples.num_samples)
    try:
        with torch.random.fork_rng(devices=[]):
            return [examples.pick(part) for part in numbers.split(_CHUNK)]
    except TypeError as error:
        raise RemedyDoesNotFit(f"the data cannot be read by number: {error}") from error


def _inputs_by_place(program: Program) -> list[list[Tensor]]:
    """Return the input tensors, each place of the inputs by itself."""
    columns: list[list[Tensor]] = []
    for inputs, _ in samples(program):
        for place, tensor in enumerate(tensors_in(inputs)):
            if place == len(columns):
                columns.append([])
            columns[place].append(tensor)
    return columns


def _finite_means(parts: list[Tensor]) -> Tensor | None:
    """Return the mean of the finite values for each place of a sample, or None."""
    values = torch.cat(parts)
    if not values.is_floating_point() or bool(values.isfinite().all()):
        return None
    finite = values.isfinite()
    total = values.where(finite, torch.zeros_like(values)).sum(dim=0)
    return total / finite.sum(dim=0).clamp(min=1)


def _is_sequential(loader: Any) -> bool:
    return isinstance(loader.sampler, torch.utils.data.SequentialSampler)
