"""Watch a training loop from outside, at next to no cost."""

from collections.abc import Callable, Iterable
from typing import Self

from torch import Tensor, nn
from torch.optim import Optimizer

from headway.doctor.finding import Finding
from headway.doctor.watch.cadence import Cadence
from headway.doctor.watch.forward import ForwardSampler
from headway.doctor.watch.judge import Judge, OnAlarm
from headway.doctor.watch.numbers import Numbers
from headway.doctor.watch.parcel import Parcel
from headway.doctor.watch.reporting import report_text
from headway.doctor.watch.sample import Sample
from headway.doctor.watch.view import Evaluation, View
from headway.doctor.watch.weights import WeightSampler, optimizers_in

# Steps after which a sample ends even if no optimizer has moved.
_MOST_STEPS = 64
# Losses that stay on their device before they are copied together.
_MOST_PENDING = 256

OnSample = Callable[[Sample], None]


class Watch:
    """Watches a training and raises alarms; made and started by `watch`.

    Args:
        model: Network that is trained, in whatever wrapper.
        optimizer: What updates it, one or several; None where it is none of torch.
        every: Steps from one sample of the layers to the next; None chooses by `max_overhead`.
        max_overhead: Share of the time that watching may take.
        on_alarm: Is called with each alarm when it begins and when it is over, on the first
            process only; logs it where None.
        on_sample: Is called with each sample; what that takes counts as watching.

    Attributes:
        alarms: All alarms so far, also those that are over.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer | Iterable[Optimizer] | None = None,
        *,
        every: int | None = None,
        max_overhead: float = 0.03,
        on_alarm: OnAlarm | None = None,
        on_sample: OnSample | None = None,
    ) -> None:
        self._view = View()
        self._judge = Judge(on_alarm)
        self.alarms = self._judge.alarms
        self._cadence = Cadence(every, max_overhead)
        self._forward = ForwardSampler(model, self._cadence)
        self._weights = WeightSampler(model, optimizers_in(optimizer), self._cadence)
        self._on_sample = on_sample
        self._losses: list[float | Tensor] = []
        self._stretches = [(0, self._losses)]
        self._numbers = Numbers()
        self._armed_at: int | None = None
        self._parcel: Parcel | None = None
        self._step = 0
        self._next_look, self._quiet_until = self._cadence.next_look(0), 0
        self._is_on = False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self, step: int = 0) -> Self:
        """Begin to watch, or begin anew; a `with` block does it by itself.

        Args:
            step: Steps done before; the course of the loss begins here.
        """
        self._drop_sample()
        self._parcel = None
        self._begin_stretches()
        self._view, self._step = View(), step
        self._judge.begin()
        self._next_look, self._quiet_until = step + self._cadence.next_look(0), 0
        self._is_on = True
        return self

    def close(self) -> None:
        """Judge a last time, and leave nothing in the network and its optimizers."""
        if not self._is_on:
            return
        self._is_on = False
        self._drop_sample()
        self._receive()
        self._send()
        self._receive()

    def step(self, loss: Tensor | float | None = None) -> None:
        """Take note that a step is done; nothing waits for it.

        Args:
            loss: Training loss of this step.
        """
        if not self._is_on:
            return
        # Of a tiny network, each call here is a percent of a step.
        self._step = step = self._step + 1
        if step < self._quiet_until:
            return
        if isinstance(loss, Tensor) and loss.is_cpu and loss.numel() == 1:
            self._losses.append(loss.item())
        elif loss is not None:
            self._losses.append(self._kept(loss))
        if step >= self._next_look:
            with self._cadence.looking():
                self._look()
                self._be_quiet()

    def evaluation(
        self, *, train: Tensor | float | None = None, val: Tensor | float | None = None
    ) -> None:
        """Tell the losses of an evaluation.

        Args:
            train: Loss of training data in evaluation mode.
            val: Loss of validation data.
        """
        evaluation = Evaluation(
            step=self._step,
            train=None if train is None else float(train),
            val=None if val is None else float(val),
            running=self.view.losses.now,
        )
        self.view.evaluations.append(evaluation)
        self._judge.judge_evaluation(self.view)

    @property
    def view(self) -> View:
        """What was seen so far."""
        self._view.step = self._step
        return self._view

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of the alarms that last, worst first."""
        return self._judge.findings

    def report(self) -> str:
        """Return what was seen, in a few lines."""
        return report_text(self.view, self.alarms, self._cadence.problem)

    def _look(self) -> None:
        if self._armed_at is not None:
            is_late = self._step - self._armed_at >= _MOST_STEPS
            if not (self._weights.has_stepped or is_late):
                return
            self._send()
            self._next_look = self._cadence.next_look(self._step)
        if self._parcel is not None:
            if not self._parcel.numbers.is_here:
                self._next_look = self._step + 1
                return
            self._receive()
        if self._step < self._next_look:
            return
        self._next_look = self._cadence.next_look(self._step)
        if self._cadence.is_due(self._step):
            self._arm()
        elif sum(len(losses) for _, losses in self._stretches) >= _MOST_PENDING:
            self._send()

    def _be_quiet(self) -> None:
        """Keep no losses for a while, where that takes too much of the time."""
        if self._armed_at is None and self.view.losses.count > 0:
            until = self._cadence.quiet_until(self._step, self._next_look)
            if until > self._step + 1:
                self._quiet_until = until
                self._losses = []
                self._stretches.append((until - self._step - 1, self._losses))

    def _begin_stretches(self) -> None:
        self._losses = []
        self._stretches = [(0, self._losses)]

    def _kept(self, loss: Tensor | float) -> float | Tensor:
        if not isinstance(loss, Tensor):
            return float(loss)
        self._cadence.is_there = not loss.is_cpu
        return loss.detach().mean()  # a tensor of its own: the loss may be changed in place

    def _arm(self) -> None:
        self._cadence.begin(self._step)
        self._numbers = Numbers()
        self._armed_at, self._next_look = self._step, 0
        self._forward.arm(self._numbers)
        self._weights.arm(self._numbers)

    def _drop_sample(self) -> None:
        """Remove all hooks; a sample that is not whole says nothing."""
        if self._armed_at is not None:
            self._armed_at, self._numbers = None, Numbers()
            self._forward.disarm()
            self._weights.disarm()

    def _send(self) -> None:
        """Begin to copy the losses, and what was sampled, to the host."""
        numbers, was_armed = self._numbers, self._armed_at is not None
        self._numbers, self._armed_at = Numbers(), None
        self._parcel = Parcel.of(
            numbers,
            self._stretches,
            self._step,
            layers=self._forward.disarm() if was_armed else [],
            weights=self._weights.disarm() if was_armed else [],
        )
        self._begin_stretches()
        numbers.send()

    def _receive(self) -> None:
        """Read what was sent and judge."""
        parcel, self._parcel = self._parcel, None
        if parcel is None:
            return
        losses, sample = parcel.read()
        for skipped, found in losses:
            self.view.losses.add(found, skipped=skipped)
        if sample is not None:
            self.view.add(sample)
            if self._on_sample is not None:
                self._on_sample(sample)
        self._judge.judge_training(self.view)


def watch(
    model: nn.Module,
    optimizer: Optimizer | Iterable[Optimizer] | None = None,
    *,
    every: int | None = None,
    max_overhead: float = 0.03,
    on_alarm: OnAlarm | None = None,
) -> Watch:
    """Watch a training loop and say in plain words when it goes wrong.

    The loss of every step is kept (where steps take less than a millisecond, those of some
    stretches); now and then, as seldom as the time allows, one step's layers, gradients and
    updates are looked at, without waiting for the device. The training is the same to the last
    bit with and without it.

    Args:
        model: Network that is trained, in whatever wrapper.
        optimizer: What updates it, one or several; None where it is none of torch.
        every: Steps from one look to the next; None chooses by `max_overhead`.
        max_overhead: Share of the time that watching may take.
        on_alarm: Is called with each alarm when it begins and when it is over, on the first
            process only; where None, the logger "headway.watch" says it.

    Example:
        >>> import torch
        >>> model = nn.Linear(3, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> x, y = torch.randn(64, 3), torch.randn(64, 1)
        >>> with watch(model, optimizer) as watched:
        ...     for _ in range(20):
        ...         optimizer.zero_grad()
        ...         loss = (model(x) - y).square().mean()
        ...         loss.backward()
        ...         optimizer.step()
        ...         watched.step(loss)
        >>> watched.findings
        ()
    """
    return Watch(
        model, optimizer, every=every, max_overhead=max_overhead, on_alarm=on_alarm
    )
