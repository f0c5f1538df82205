"""What a trained network says about the validation part, kept for the pictures of a run."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from headway.data import DataInfo, DataSplits, Split, TaskKind
from headway.engine import Metrics
from headway.jobs.loading import raw_batches
from headway.jobs.network import Network, load_network
from headway.jobs.samples import picture_of, text_of
from headway.runs import PREDICTIONS, Run, encode_line, write_atomically
from headway.tasks import AnyTask, Regression

# Samples that are looked at; the first ones of a larger part.
_MOST_SAMPLES = 20_000
_MOST_SHOWN = 24
_MOST_PAIRS = 500
# Classes whose counts are kept one by one, and how many of more than these.
_MOST_CLASSES, _MOST_CONFUSED = 100, 50


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """What the network says, a row for each sample, on the host.

    Attributes:
        targets: The truth as numbers of classes, as 0 and 1, or in its own units.
        predictions: The answers in the same form.
        confidences: Probability of the answer; of several labels, that of the worst mistake.
        losses: How bad each answer is.
    """

    targets: Tensor
    predictions: Tensor
    confidences: Tensor | None
    losses: Tensor

    @property
    def is_wrong(self) -> Tensor:
        """Which samples are mistakes."""
        differs = self.predictions != self.targets
        return differs if differs.ndim == 1 else differs.any(dim=1)


def write_predictions(folder: Path, splits: DataSplits, *, device: str = "auto") -> None:
    """Keep what the best network of a run says about its validation part.

    Texts and sequences are left out. What goes wrong here is a warning: the training is done.

    Args:
        folder: The run, with its best weights.
        splits: Its data.
        device: Where to ask the network.
    """
    try:
        found = describe_predictions(Run(folder), splits, device=device)
        if found is not None:
            write_atomically(folder / PREDICTIONS, encode_line(found).decode())
    except Exception as error:
        warnings.warn(
            f"{folder / PREDICTIONS} was not written, the run is whole without it: "
            f"{type(error).__name__}: {error}",
            stacklevel=2,
        )


def describe_predictions(
    run: Run, splits: DataSplits, *, device: str = "auto"
) -> dict[str, Any] | None:
    """Return what the best network of a run says about its validation part.

    Args:
        run: The run, with its best weights.
        splits: Its data; of a validation part of more than 20,000 samples the first ones.
        device: Where to ask the network.

    Returns:
        Metrics, the worst mistakes, and what is right though hardly; with the confusion
        matrix for classification, counts of each label for several labels, and pairs of
        target and answer for regression. None without a validation part, and for texts and
        sequences.
    """
    info = splits.info
    read = _READERS.get(info.task)
    if splits.val is None or read is None:
        return None
    part = splits.val.select(torch.arange(min(len(splits.val), _MOST_SAMPLES)))
    answers, metrics = _ask(load_network(run, device=device), part, read)
    values, best = metrics.compute(), run.best
    return {
        "part": "val",
        "kind": info.task,
        "step": None if best is None else best["step"],
        "classes": list(info.classes),
        "num_samples": len(part),
        "accuracy": values.get("accuracy"),
        "values": values,
        "confusion": None,
        "mistakes": _shown(answers, answers.is_wrong, part, info),
        "unsure": _shown(answers, ~answers.is_wrong, part, info),
        **_summary(answers, metrics, info),
    }


_Reader = Callable[[AnyTask, Tensor, Tensor], _Answers]


@torch.no_grad()
def _ask(network: Network, part: Split, read: _Reader) -> tuple[_Answers, Metrics]:
    metrics = network.task.new_metrics(network.device)
    found: list[_Answers] = []
    for batch in raw_batches(part, network.device).batches():
        outputs = network.outputs(batch.inputs)
        metrics.update(outputs, batch.targets)
        found.append(read(network.task, outputs, batch.targets))
    confidences = [one.confidences for one in found if one.confidences is not None]
    answers = _Answers(
        targets=torch.cat([one.targets for one in found]).cpu(),
        predictions=torch.cat([one.predictions for one in found]).cpu(),
        confidences=torch.cat(confidences).cpu() if confidences else None,
        losses=torch.cat([one.losses for one in found]).cpu(),
    )
    return answers, metrics


def _read_classes(task: AnyTask, outputs: Tensor, targets: Tensor) -> _Answers:
    confidences, predictions = task.predict(outputs).max(dim=1)
    losses = F.cross_entropy(outputs, targets, reduction="none")
    return _Answers(
        targets=targets, predictions=predictions, confidences=confidences, losses=losses
    )


def _read_labels(task: AnyTask, outputs: Tensor, targets: Tensor) -> _Answers:
    probabilities = task.predict(outputs)
    distances = (probabilities - targets).abs()
    losses = F.binary_cross_entropy_with_logits(outputs, targets.float(), reduction="none")
    return _Answers(
        targets=targets > 0.5,
        predictions=outputs > 0.0,
        confidences=distances.amax(dim=1),
        losses=losses.mean(dim=1),
    )


def _read_values(task: AnyTask, outputs: Tensor, targets: Tensor) -> _Answers:
    assert isinstance(task, Regression)
    predictions = task.predict(outputs)
    errors = (predictions - targets) / task.std.to(outputs.device)
    return _Answers(
        targets=targets.double(),
        predictions=predictions,
        confidences=None,
        losses=errors.square().mean(dim=1),
    )


_READERS: dict[TaskKind, _Reader] = {
    "classification": _read_classes,
    "multilabel": _read_labels,
    "regression": _read_values,
}


def _shown(
    answers: _Answers, chosen: Tensor, part: Split, info: DataInfo
) -> list[dict[str, Any]]:
    """Return the worst of the chosen samples, worst first."""
    losses = answers.losses.double().nan_to_num(nan=torch.inf)
    order = losses.argsort(descending=True, stable=True)
    worst = order[chosen[order]][:_MOST_SHOWN].tolist()
    return [
        {
            "index": index,
            "target": _answer(answers.targets[index]),
            "prediction": _answer(answers.predictions[index]),
            "confidence": _number(answers.confidences, index),
            "loss": float(answers.losses[index]),
            "image": picture_of(part, index, info),
            "text": text_of(part, index, info),
        }
        for index in worst
    ]


def _answer(row: Tensor) -> Any:
    """Return a class, the numbers of the labels that are there, or the values."""
    return row.nonzero().flatten().tolist() if row.dtype == torch.bool else row.tolist()


def _number(values: Tensor | None, index: int) -> float | None:
    return None if values is None else float(values[index])


def _summary(answers: _Answers, metrics: Metrics, info: DataInfo) -> dict[str, Any]:
    confusion = getattr(metrics, "confusion", None)
    if confusion is not None:
        return _confusion(confusion().cpu())
    if info.task == "multilabel":
        return {"labels": _labels(answers, info)}
    return {"residuals": _residuals(answers, info)}


def _confusion(counts: Tensor) -> dict[str, Any]:
    """Return all counts, or those among the classes with most mistakes in order of number."""
    classes = torch.arange(len(counts))
    if len(counts) > _MOST_CLASSES:
        wrong = counts.sum(dim=0) + counts.sum(dim=1) - 2 * counts.diagonal()
        most = wrong.argsort(descending=True, stable=True)[:_MOST_CONFUSED]
        classes = most.sort().values
    shown = counts[classes][:, classes]
    return {"confusion": shown.tolist(), "confusion_classes": classes.tolist()}


def _labels(answers: _Answers, info: DataInfo) -> list[dict[str, Any]]:
    present, predicted = answers.targets, answers.predictions
    counts = {
        "true_positives": present & predicted,
        "false_positives": ~present & predicted,
        "false_negatives": present & ~predicted,
        "true_negatives": ~present & ~predicted,
    }
    sums = {name: found.sum(dim=0).tolist() for name, found in counts.items()}
    return [
        {"name": label, **{name: values[place] for name, values in sums.items()}}
        for place, label in enumerate(info.classes)
    ]


def _residuals(answers: _Answers, info: DataInfo) -> list[dict[str, Any]]:
    count = len(answers.targets)
    rows = torch.linspace(0, count - 1, min(count, _MOST_PAIRS)).round().long()
    pairs = torch.stack([answers.targets[rows], answers.predictions[rows]], dim=2)
    return [
        {"name": name, "pairs": pairs[:, place].tolist()}
        for place, name in enumerate(info.target_names)
    ]
