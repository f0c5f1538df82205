"""What `headway evaluate` and `headway predict` say."""

from headway.jobs import Evaluation, Prediction
from headway.terminal import confusions, count, decimal, main_first, metric

_PART = {"test": "test part", "all": "all of it"}


def evaluation_rows(found: Evaluation) -> list[list[str]]:
    """Return what was measured, as labels and texts."""
    samples = f"{count(found.num_samples)} samples"
    rows = [["data", f"{found.source}, {_PART.get(found.split, found.split)}, {samples}"]]
    rows += [[name, metric(name, found.values[name])] for name in main_first(found.values)]
    rows += [["confused", pair] for pair in confusions(found.classes, found.confusion)]
    if found.test_accesses > 1:
        looks = f"looked at {count(found.test_accesses)} times"
        rows.append(
            ["test part", f"{looks}; what is chosen by looking is no longer tested"]
        )
    return rows


def prediction_row(found: Prediction) -> list[str]:
    """Return a sample and what the network says about it, the most likely first."""
    return [
        found.file,
        *(f"{name} {decimal(value)}" for name, value in found.values.items()),
    ]
