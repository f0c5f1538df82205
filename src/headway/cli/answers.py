"""What `headway evaluate` and `headway predict` say."""

from headway.jobs import Comparison, Evaluation, Prediction
from headway.terminal import confusions, count, decimal, main_first, metric
from headway.tune import Decision

# A bare "top5" would not say whether what is right or what is wrong is counted.
_LABEL = {"top5": "top-5 accuracy", "top5_error": "top-5 error"}
_PART = {"test": "test part", "all": "all of it"}


def evaluation_rows(found: Evaluation) -> list[list[str]]:
    """Return what was measured, as labels and texts."""
    samples = f"{count(found.num_samples)} samples"
    rows = [["data", f"{found.source}, {_PART.get(found.split, found.split)}, {samples}"]]
    rows += [
        [_LABEL.get(name, name), metric(name, found.values[name])]
        for name in main_first(found.values)
    ]
    if found.ensemble is not None:
        rows += _comparison_rows(found.ensemble)
    rows += [["confused", pair] for pair in confusions(found.classes, found.confusion)]
    if found.test_accesses > 1:
        looks = f"looked at {count(found.test_accesses)} times"
        rows.append(
            ["test part", f"{looks}; what is chosen by looking is no longer tested"]
        )
    return rows


def _comparison_rows(found: Comparison) -> list[list[str]]:
    """Return what the members reach on their own, and what they gain together."""
    name = main_first(found.gain)[0]
    rows = [["combined", f"mean of {len(found.members)} members' {found.combine}"]]
    rows += [
        [f"  {m.run}", f"{name} {metric(name, m.values[name])}"] for m in found.members
    ]
    rows.append(["mean member", f"{name} {metric(name, found.mean_member[name])}"])
    gains = (f"{n} {found.gain[n]:+.4f}" for n in main_first(found.gain))
    rows.append(["gain", ", ".join(gains)])
    return rows


def decision_line(found: Decision) -> str:
    """Return a step of the procedure, whether it went well, and why."""
    state = "ok" if found.is_passed else "FAILED"
    return f"step {found.step} {found.name}: {state}: {found.text}"


def prediction_row(found: Prediction) -> list[str]:
    """Return a sample and what the network says about it, the most likely first."""
    return [
        found.file,
        *(f"{name} {decimal(value)}" for name, value in found.values.items()),
    ]
