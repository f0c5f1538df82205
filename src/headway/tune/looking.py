"""Step 6: look at the curves of the best training and say what they ask for."""

import json
from dataclasses import asdict

from headway.measure import Symptom, diagnose_curve
from headway.tune.bench import Bench
from headway.tune.curves import Curve
from headway.tune.decisions import Decision
from headway.tune.trial import Trial

CURVES = "curves.json"
_FEWEST = 5
# What the next round of refining can answer, and by which factor of the learning rate.
_FACTORS: dict[Symptom, float] = {
    "diverging": 1.0 / 3.0,
    "plateau": 1.0 / 3.0,
    "stuck": 3.0,
    "slow": 3.0,
}


def look_at_curves(bench: Bench, trial: Trial) -> tuple[Decision, float]:
    """Step 6: write every loss with its moving average, and judge the losses by the rules.

    Args:
        bench: What is tuned; the curves go to its folder.
        trial: The best training.

    Returns:
        The decision, and what the next round multiplies the learning rate by; 1 for nothing.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters",
        step 6.
    """
    curve = trial.curve
    (bench.folder / CURVES).write_text(json.dumps(asdict(curve), indent=1))
    train, val = _losses(curve)
    found = diagnose_curve(train, val) if len(train) >= _FEWEST else ()
    text = "; ".join(f"{one.symptom}: {one.advice} ({one.evidence})" for one in found)
    factors = (_FACTORS[one.symptom] for one in found if one.symptom in _FACTORS)
    decision = Decision(
        step=6,
        name="look at the curves",
        is_passed=True,
        text=text or "nothing stands out",
        numbers={"symptoms": [one.symptom for one in found]},
        trials=(trial.run.name,),
    )
    return decision, next(factors, 1.0)


def _losses(curve: Curve) -> tuple[tuple[float, ...], tuple[float, ...] | None]:
    """Return losses measured at the same points; the training's own where there are few."""
    measured = curve.train.get("loss", ())
    if len(measured) >= _FEWEST:
        return measured, curve.val.get("loss")
    return curve.losses, None
