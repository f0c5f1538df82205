"""Alarms that hold on before they are said, are said once, and are taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from headway.doctor.finding import Finding
from headway.doctor.watch.view import View

AlarmKind = Literal[
    "lost",
    "diverging",
    "exploding",
    "vanishing",
    "dead",
    "saturated",
    "oscillating",
    "plateau",
    "overfitting",
    "train_eval_gap",
]
Rule = Callable[[View], Finding | None]

# Judgements in a row that an alarm needs to be said, and to be taken back.
_HOLD = 3
_RELEASE = 3


@dataclass(kw_only=True)
class Alarm:
    """Something that went wrong while a network was trained.

    Attributes:
        kind: What, in one word.
        step: Step at which it was said.
        finding: The cause, the numbers, the layer and what to change.
        ended: Step at which it was taken back, None while it lasts.
    """

    kind: AlarmKind
    step: int
    finding: Finding
    ended: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether it was taken back."""
        return self.ended is not None

    def __str__(self) -> str:
        if self.is_over:
            return f"step {self.ended}: {self.kind} is over (it began at step {self.step})"
        where = f" in {self.finding.layer}" if self.finding.layer else ""
        name = self.kind.replace("_", " ")
        return f"step {self.step}: {name}{where}. {self.finding.evidence} {self.finding.remedy}"


@dataclass(kw_only=True)
class Keeper:
    """Follows one kind of alarm.

    Attributes:
        kind: Which one.
        rule: Says whether there is a reason for it now.
        hold: Judgements in a row that it needs.
        release: Judgements in a row without a reason that end it.
    """

    kind: AlarmKind
    rule: Rule
    hold: int = _HOLD
    release: int = _RELEASE
    _held: int = 0
    _free: int = 0
    _alarm: Alarm | None = None

    def judge(self, view: View) -> Alarm | None:
        """Return the alarm if it begins or ends now."""
        finding = self.rule(view)
        self._held = self._held + 1 if finding is not None else 0
        self._free = self._free + 1 if finding is None else 0
        if self._alarm is None and finding is not None and self._held >= self.hold:
            self._alarm = Alarm(kind=self.kind, step=view.step, finding=finding)
            return self._alarm
        if self._alarm is not None and self._free >= self.release:
            ended, self._alarm = self._alarm, None
            ended.ended = view.step
            return ended
        return None
