"""What `headway fix` says."""

import math
from pathlib import Path

from headway.cli.findings import print_finding, print_text
from headway.cli.output import print_line, print_rows
from headway.doctor.random_search import RandomSearch
from headway.doctor.repair import Advice, Repair
from headway.doctor.trial import Trial
from headway.errors import InputError

# The likeliest causes; --json has them all.
_MOST_FINDINGS = 3
_VERDICTS = {
    "healthy": "Nothing is wrong: nothing was changed.",
    "repaired": "Repaired.",
    "advised": "Nothing is proved, as no metric shows these faults: make the advised change.",
    "not_repaired": "Not repaired: no change was proved to help.",
}


def print_repair(found: Repair) -> None:
    """Print what is wrong, what was tried, the proof and the change to make."""
    wrong = [finding for finding in found.findings if finding.severity != "info"]
    for finding in wrong[:_MOST_FINDINGS]:
        print_finding(finding)
    if len(wrong) > _MOST_FINDINGS:
        print_line(f"and {len(wrong) - _MOST_FINDINGS} less likely: see --json\n")
    if found.trials:
        print_line("Tried, the same seeds and batches with and without:")
        print_rows([_trial_row(trial) for trial in found.trials])
        print_line("")
    if found.proof is not None:
        print_line("Proof, on seeds that decided nothing:")
        print_rows(_proof_rows(found.proof, found.search))
        print_line("")
    if found.advised:
        print_line(
            "Advised, not proved: the faults are certain, the metric does not show the cure."
        )
        print_rows([_advice_row(advice) for advice in found.advised])
        print_line("")
    if found.snippet:
        print_line("The change in your own code:")
        for line in found.snippet.splitlines():
            print_line(f"    {line}")
        print_line("")
    print_text(f"{_VERDICTS[found.outcome]} {_cost(found)}")
    for note in found.notes:
        print_text(note)


def write_patch(found: Repair, file: Path) -> None:
    """Write the change as a patch for `git apply` or `patch -p1`.

    Raises:
        InputError: If there is no change, or none that can be written as a patch.
    """
    if not found.patch:
        why = (
            "the change is more than an edit of single lines: make it as the snippet has it"
            if found.snippet
            else "there is no change to write"
        )
        raise InputError(f"{file} was not written: {why}")
    file.write_text(found.patch, encoding="utf-8")
    print_line(f"patch: {file}")


def _trial_row(trial: Trial) -> list[str]:
    words = "; ".join(remedy.describe().rstrip(".") for remedy in trial.treated)
    values = f"{_number(trial.control_value)} -> {_number(trial.treated_value)}"
    return [f"  {trial.verdict}", values, f"n = {len(trial.treated_results)}", words]


def _advice_row(advice: Advice) -> list[str]:
    words = "; ".join(remedy.describe().rstrip(".") for remedy in advice.remedies)
    if advice.is_harmless:
        said = "in the change below"
    elif math.isnan(advice.after):
        said = "not tried"
    else:
        said = "left out: it costs"
    return [f"  {said}", f"{_number(advice.before)} -> {_number(advice.after)}", words]


def _proof_rows(proof: Trial, search: RandomSearch | None) -> list[list[str]]:
    rows = [["  seed", "before", "after"]]
    pairs = zip(proof.control_results, proof.treated_results, strict=True)
    rows += [
        [f"  {before.seed}", _number(before.value), _number(after.value)]
        for before, after in pairs
    ]
    rows.append(["  mean", _number(proof.control_value), _number(proof.treated_value)])
    if search is not None and search.proof is not None:
        found = _number(search.proof.treated_value)
        rows.append(["  random search, equal time", "", found])
    return rows


def _cost(found: Repair) -> str:
    trained = f" in {found.trainings} trainings" if found.trainings else ""
    return f"({found.seconds:.0f} s{trained})"


def _number(value: float) -> str:
    return "diverged" if not math.isfinite(value) else f"{value:.4f}"
