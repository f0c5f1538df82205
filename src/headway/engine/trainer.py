"""Advance a Setup to its last step, report, evaluate, save, and go on exactly after a stop."""

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from headway.data import Batch
from headway.engine import distributed
from headway.engine.divergence import divergence
from headway.engine.interrupts import StopRequest
from headway.engine.judging import Judge
from headway.engine.machine import machine_settings
from headway.engine.out_of_memory import MemoryGuard
from headway.engine.placement import place, resolve_options
from headway.engine.recording import Recorder
from headway.engine.reports import Callback, EvaluationReport, Event, Outcome, StepReport
from headway.engine.saving import Saver
from headway.engine.seeds import mix
from headway.engine.setup import Setup
from headway.engine.state import Progress, all_finite, best_tree, restore, state_tree
from headway.errors import DivergenceError, Interrupted
from headway.nn import hold_frozen_norms_
from headway.runs import MetricWriter, RunRecord

# How often the terminal hears that training moves on, in seconds.
_TICK_SECONDS = 0.5


class Trainer:
    """Trains what a Setup holds, on one process or on each of several.

    Attributes:
        setup: What is trained, with every "auto" of its options replaced.
        device: Where it is trained.
        progress: Where the training stands.
        judge: Measures the network and remembers the best evaluation.

    Args:
        setup: What is trained. The model is moved to the device and trained in place.
        record: Where metrics and events go, or None to keep nothing; for the first of several
            processes only.
        checkpoints: Folder of the checkpoints, in every process; that of `record` where None.
        callbacks: Followers of the run.
        writers: Trackers besides the record.

    Example:
        >>> outcome = Trainer(setup).run()  # doctest: +SKIP
    """

    def __init__(
        self,
        setup: Setup,
        *,
        record: RunRecord | None = None,
        checkpoints: Path | None = None,
        callbacks: Sequence[Callback] = (),
        writers: Sequence[MetricWriter] = (),
    ) -> None:
        self.device, self._shard = distributed.join(setup.options.machine)
        options = resolve_options(setup.options, self.device, setup.model)
        self.setup = replace(setup, options=options)
        self.progress = Progress()
        self._is_resumed = False
        self._step = place(self.setup, self.device)
        self.judge = Judge(self.setup, self._step.average, self.device)
        self._guard = MemoryGuard(self._step, setup.model)
        self._record = record
        if checkpoints is None and record is not None:
            checkpoints = record.folder / "checkpoints"
        self._saver = Saver(checkpoints, options.checkpointing)
        self._callbacks = list(callbacks)
        if record is not None:
            self._callbacks.append(Recorder(record, writers))
        # Only these, so that a step of a run that nobody follows so closely costs no more.
        self._step_hooks = [
            callback.on_step
            for callback in self._callbacks
            if type(callback).on_step is not Callback.on_step
        ]
        self._signals = StopRequest()
        self._pending: list[Tensor] = []
        self._norm: Tensor | None = None
        self._window_start = (0, time.perf_counter())

    # Running.

    def resume(self) -> int:
        """Go back to the newest whole checkpoint and return its step.

        Where there is no checkpoint yet, the run begins anew; damaged ones are reported as
        events.

        Raises:
            CheckpointError: If there are checkpoints and none of them is whole.
        """
        found = self._saver.load_newest()
        tree: dict[str, Any] = {"metrics_position": 0}
        if found is not None:
            path, tree, problems = found
            self.progress = restore(tree, self.setup, self._step)
            for problem in problems:
                self._event("damaged_checkpoint", problem=problem, used=path.name)
        if self._record is not None:
            self._record.rewind_metrics(tree["metrics_position"])
        self._is_resumed = True
        return self.progress.step

    def run(self) -> Outcome:
        """Train to the end and return how it went.

        Raises:
            DivergenceError: If the loss is no longer finite and no rollback is left.
            Interrupted: If a signal asked to stop; the state is saved.
            CheckpointError: If a checkpoint cannot be written or none can be read.
        """
        with ExitStack() as stack:
            stack.enter_context(machine_settings(self.setup.options.machine))
            stack.enter_context(self._signals)
            stack.callback(self._notify, "on_end")
            self._start()
            try:
                self._train()
            except DivergenceError as error:
                fields = {
                    "step_of_divergence": error.step,
                    "lr": error.lr,
                    "cause": error.cause,
                }
                self._event("diverged", **fields)
                raise
            except Interrupted:
                raise
            except Exception as error:
                self._event("failed", reason=f"{type(error).__name__}: {error}")
                raise
            # A process that leaves early takes its connections with it.
            distributed.barrier()
        return self.outcome()

    def request_stop(self, signal: int) -> None:
        """Save and stop soon, as if `signal` had come."""
        self._signals.signal = signal

    def outcome(self) -> Outcome:
        """Return how the training stands."""
        progress = self.progress
        return Outcome(
            step=progress.step,
            epoch=self._epoch(),
            values=progress.last_values,
            best_values=progress.best_values,
            seconds=progress.seconds,
            stopped_early=progress.is_stopped,
        )

    def _start(self) -> None:
        setup = self.setup
        setup.model.train()
        hold_frozen_norms_(setup.model)
        self._step.drop_gradients()
        kind = "resumed" if self._is_resumed else "started"
        self._event(kind, total_steps=setup.total_steps, processes=self._shard.world_size)
        for callback in self._callbacks:
            callback.on_start(step=self.progress.step, total_steps=setup.total_steps)

    def _train(self) -> None:
        if self.setup.options.training.max_rollbacks and self.progress.step == 0:
            self._save()  # a run may diverge before its first checkpoint is due
        while not self._is_finished:
            try:
                self._run_epoch()
            except DivergenceError as error:
                self._roll_back(error)
        self._save()
        progress = self.progress
        self._event("finished", epoch=self._epoch(), values=dict(progress.last_values))

    @property
    def _is_finished(self) -> bool:
        return self.progress.is_stopped or self.progress.step >= self.setup.total_steps

    def _epoch(self) -> float:
        progress = self.progress
        return progress.epoch + progress.position / self.setup.train_data.num_batches

    def _run_epoch(self) -> None:
        """Train from the current position to the end of the epoch or of the training."""
        progress, setup = self.progress, self.setup
        report_every = setup.options.training.report_every
        every_steps = setup.options.checkpointing.every_steps or setup.total_steps
        num_batches = setup.train_data.num_batches
        is_alone = self._shard.world_size == 1
        self._restart_clock()
        next_tick = time.monotonic() + _TICK_SECONDS
        batches = setup.train_data.batches(progress.epoch, progress.position)
        with closing(cast(Any, batches)):
            for batch in batches:
                step = progress.step + 1
                is_boundary = (
                    step % report_every == 0
                    or progress.position + 1 == num_batches
                    or step == setup.total_steps
                    or step % every_steps == 0
                )
                self._advance(batch, want_norm=is_boundary)
                if is_boundary or (is_alone and self._signals.signal):
                    self._boundary(batch, is_complete=is_boundary)
                if self._is_finished:
                    return
                if time.monotonic() > next_tick:
                    next_tick = time.monotonic() + _TICK_SECONDS
                    self._notify("on_progress", progress.step)

    def _advance(self, batch: Batch, *, want_norm: bool) -> None:
        """Do one optimizer step without waiting for the device."""
        progress = self.progress
        before = self._step.num_micro_batches
        seed = mix(self.setup.options.seed, progress.step, self._shard.rank)
        self._pending.append(self._guard.backward(batch, seed=seed))
        factor = self._lr_factor(progress.step)
        self._norm = self._step.update(factor, want_norm=want_norm)
        progress.step += 1
        progress.position += 1
        for hook in self._step_hooks:
            hook(self._pending[-1])
        if self._step.num_micro_batches != before:
            self._event("out_of_memory", micro_batches=self._step.num_micro_batches)

    def _lr_factor(self, step: int) -> float:
        return self.setup.schedule.factor(step) * self.progress.lr_scale

    def _lr(self, step: int) -> float:
        """Return the first group's learning rate in the step after `step` others."""
        return self._step.base_lrs[0] * self._lr_factor(step)

    def _boundary(self, batch: Batch, *, is_complete: bool) -> None:
        """Look at what the device has done; report, evaluate, save and stop as asked."""
        progress, training = self.progress, self.setup.options.training
        self._read_losses(batch)
        if is_complete:
            self._report()
        if progress.position == self.setup.train_data.num_batches:
            progress.epoch += 1
            progress.position = 0
            if progress.epoch % training.evaluate_every == 0 or self._is_finished:
                self._evaluate()
        elif self._is_finished:
            self._evaluate()
        asked, is_due = distributed.agree_on_largest(
            [self._signals.signal, int(self._saver.is_due(progress.step))], self.device
        )
        if self._is_finished:
            return  # what was asked for is done anyway
        if is_due or asked:
            self._save()
        if asked:
            self._event("interrupted", signal=asked)
            raise Interrupted(asked)

    # Reporting and evaluating.

    def _read_losses(self, batch: Batch) -> None:
        """Copy the pending losses to the host; stop at the first that is not finite."""
        if not self._pending:
            return
        losses = torch.stack(self._pending).float()
        self._pending.clear()
        distributed.sum_over_processes([losses])
        values = [loss / self._shard.world_size for loss in losses.tolist()]
        first = self.progress.step - len(values) + 1
        for step, value in enumerate(values, start=first):
            if not math.isfinite(value):
                raise self._divergence(step, value, values[: step - first], batch)
        self.progress.window += values

    def _divergence(
        self, step: int, loss: float, before: list[float], batch: Batch
    ) -> DivergenceError:
        return divergence(
            step=step,
            loss=loss,
            lr=self._lr(step - 1),
            before=self.progress.window + before,
            model=self.setup.model,
            inputs=batch.inputs,
        )

    def _report(self) -> None:
        progress = self.progress
        steps_before, time_before = self._window_start
        elapsed = time.perf_counter() - time_before
        steps = progress.step - steps_before
        progress.seconds += elapsed
        report = StepReport(
            step=progress.step,
            epoch=self._epoch(),
            loss=math.fsum(progress.window) / len(progress.window),
            grad_norm=math.nan if self._norm is None else float(self._norm),
            lr=self._lr(progress.step - 1),
            samples_per_second=steps * self.setup.train_data.batch_size / elapsed,
        )
        progress.window.clear()
        self._notify("on_report", report)
        self._restart_clock()

    def _restart_clock(self) -> None:
        self._window_start = (self.progress.step, time.perf_counter())

    def _evaluate(self) -> None:
        """Measure, keep the best snapshot, and decide whether to stop early."""
        progress = self.progress
        is_best = self.judge.judge(progress)
        values = progress.last_values
        if is_best:
            self._saver.save_best(best_tree(self.setup, self._step, progress))
            self._event("best", epoch=self._epoch(), values=dict(values))
        report = EvaluationReport(
            step=progress.step, epoch=self._epoch(), values=values, is_best=is_best
        )
        self._notify("on_evaluation", report)
        patience = self.setup.options.training.patience
        if patience is not None and progress.stale >= patience:
            progress.is_stopped = True
            self._event("early_stop", evaluations_without_gain=progress.stale)
        self._restart_clock()

    # Saving and going on.

    def _save(self) -> None:
        """Write a checkpoint, unless the weights are no longer finite."""
        if not self._saver.is_on:
            return
        if not all_finite(self.setup.model):
            raise DivergenceError(
                step=self.progress.step,
                loss=self.progress.window[-1] if self.progress.window else math.nan,
                lr=self._lr(self.progress.step - 1),
                cause="The weights are no longer finite: lower optimizer.lr.",
            )
        tree = state_tree(self.setup, self._step, self.progress)
        if self._record is not None:
            tree["metrics_position"] = self._record.metrics_position()
        path = self._saver.save(tree, self.progress.step)
        self._event("checkpoint", file=None if path is None else path.name)

    def _roll_back(self, error: DivergenceError) -> None:
        """Go back to the last checkpoint with a smaller learning rate, if that is allowed."""
        training = self.setup.options.training
        rollbacks = self.progress.rollbacks + 1
        found = self._saver.load_newest()
        if rollbacks > training.max_rollbacks or found is None:
            raise error
        self._pending.clear()
        self._step.drop_gradients()
        undone = self.progress
        progress = restore(found[1], self.setup, self._step)
        if self._record is not None:
            self._record.rewind_metrics(found[1]["metrics_position"])
        # The best snapshot on disk stays the best, even if its step is undone.
        progress.best, progress.best_values = undone.best, undone.best_values
        progress.rollbacks = rollbacks
        progress.lr_scale *= training.rollback_lr_factor
        self.progress = progress
        self._event(
            "rollback",
            step_of_divergence=error.step,
            lr_scale=self.progress.lr_scale,
            cause=error.cause,
        )
        self._save()

    # Telling others.

    def _event(self, kind: str, **fields: Any) -> None:
        self._notify("on_event", Event(kind=kind, step=self.progress.step, fields=fields))

    def _notify(self, hook: str, *values: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, hook)(*values)
