"""Which alarms a watched training has raised, and which of them last."""

import logging
import math
from collections.abc import Callable, Iterable

import torch.distributed as dist

from headway.doctor.finding import SEVERITIES, Finding
from headway.doctor.watch.alarms import Alarm, Keeper
from headway.doctor.watch.layer_rules import dead, exploding, saturated, vanishing
from headway.doctor.watch.loss_rules import (
    diverging,
    lost,
    oscillating,
    overfitting,
    plateau,
    train_eval_gap,
)
from headway.doctor.watch.view import View

_LOG = logging.getLogger("headway.watch")

OnAlarm = Callable[[Alarm], None]


class Judge:
    """Applies the rules to what was seen, and tells their alarms.

    Args:
        on_alarm: Is called with each alarm when it begins and when it is over, on the first
            process only; logs it where None.

    Attributes:
        alarms: All alarms so far, also those that are over.
    """

    def __init__(self, on_alarm: OnAlarm | None) -> None:
        self.alarms: list[Alarm] = []
        self._on_alarm = log_alarm if on_alarm is None else on_alarm
        self.begin()

    def begin(self) -> None:
        """Begin anew; the alarms so far stay."""
        # The first also judges where the loss is no number.
        self._of_training = (
            Keeper(kind="lost", rule=lost, hold=1, release=1),
            Keeper(kind="diverging", rule=diverging),
            Keeper(kind="exploding", rule=exploding),
            Keeper(kind="vanishing", rule=vanishing),
            Keeper(kind="dead", rule=dead),
            Keeper(kind="saturated", rule=saturated),
            Keeper(kind="oscillating", rule=oscillating),
            Keeper(kind="plateau", rule=plateau),
        )
        # These rules themselves look at several evaluations.
        self._of_evaluation = (
            Keeper(kind="overfitting", rule=overfitting, hold=1),
            Keeper(kind="train_eval_gap", rule=train_eval_gap, hold=1),
        )

    def judge_training(self, view: View) -> None:
        """Judge what was seen of the training."""
        # All else follows from a loss that is no number.
        is_lost = not math.isfinite(view.losses.last) and view.losses.count > 0
        self._judge(self._of_training[:1] if is_lost else self._of_training, view)

    def judge_evaluation(self, view: View) -> None:
        """Judge the evaluations so far."""
        self._judge(self._of_evaluation, view)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of the alarms that last, worst first."""
        lasting = [alarm.finding for alarm in self.alarms if not alarm.is_over]
        return tuple(
            sorted(lasting, key=lambda f: (SEVERITIES.index(f.severity), -f.confidence))
        )

    def _judge(self, keepers: Iterable[Keeper], view: View) -> None:
        for keeper in keepers:
            alarm = keeper.judge(view)
            if alarm is None:
                continue
            if alarm not in self.alarms:
                self.alarms.append(alarm)
            if not dist.is_initialized() or dist.get_rank() == 0:
                self._on_alarm(alarm)


def log_alarm(alarm: Alarm) -> None:
    """Say an alarm through the logger "headway.watch"."""
    is_bad = alarm.finding.severity != "info" and not alarm.is_over
    _LOG.log(logging.WARNING if is_bad else logging.INFO, "%s", alarm)
