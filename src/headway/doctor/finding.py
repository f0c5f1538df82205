"""What the doctor says: a cause, how sure it is, the numbers behind it and what to change."""

from dataclasses import dataclass
from typing import Literal, get_args

# Ordered from the data to the regularizer: an earlier fault makes later symptoms.
Cause = Literal[
    "bad_data",
    "label_encoding",
    "input_scale",
    "shape_broadcast",
    "loss_mismatch",
    "output_activation",
    "metric",
    "gradient_wiring",
    "frozen_parameters",
    "zero_grad_missing",
    "train_eval_mode",
    "shuffle",
    "numerics",
    "init",
    "hidden_activation",
    "normalization",
    "lr_high",
    "lr_low",
    "optimizer",
    "batch_size",
    "class_imbalance",
    "regularization",
    "capacity",
    "epochs_few",
    "overfitting",
    "dead_units",
    "saturation",
    "vanishing_gradient",
    "exploding_gradient",
    "other",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One fault that the doctor sees, or one fact worth knowing.

    An error is certain by logic, or a symptom together with a lack of progress against a
    baseline that learns nothing or little. A warning is likely to cost accuracy. An info
    changes nothing about the verdict.

    Attributes:
        cause: What is wrong, in a word of the vocabulary.
        severity: How much it matters.
        confidence: Probability that this is a cause, as far as the evidence goes, 0 to 1.
        evidence: What was measured, with its numbers, in one or two sentences.
        remedy: What to change, in one sentence that starts with a verb.
        layer: Name of the layer as `named_modules` has it, or None for the whole program.
        code: The change as a line or a few of the user's own PyTorch, or "".
        check: Name of the check that found it.
        is_certain: Whether it follows from logic, without a need for a lack of progress.
        is_confirmed: Whether trainings without the fault proved clearly better, on seeds that
            did not choose it.
    """

    cause: Cause
    severity: Severity
    confidence: float
    evidence: str
    remedy: str
    layer: str | None = None
    code: str = ""
    check: str = ""
    is_certain: bool = False
    is_confirmed: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must be from 0 to 1, got {self.confidence}")
