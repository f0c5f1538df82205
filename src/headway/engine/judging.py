"""Decide after each evaluation whether the network is the best so far."""

from contextlib import nullcontext

import torch

from headway.data import EvaluationData
from headway.engine.averaging import refresh_statistics
from headway.engine.evaluation import evaluate
from headway.engine.precision import autocast
from headway.engine.setup import Setup
from headway.engine.state import Progress
from headway.engine.task import Metrics
from headway.optim import AveragedModel


class Judge:
    """Measures the network on the parts that it does not learn from.

    Attributes:
        best_metrics: Metrics of the best evaluation of this session, or None before it.

    Args:
        setup: What is trained, with resolved options.
        average: Averaged weights, which are measured in place of the network's own, or None.
        device: Where the network lies.
    """

    def __init__(
        self, setup: Setup, average: AveragedModel | None, device: torch.device
    ) -> None:
        self.best_metrics: Metrics | None = None
        self._setup = setup
        self._average = average
        self._device = device

    def measure(self, data: EvaluationData) -> Metrics:
        """Return the metrics of the network on `data`."""
        setup = self._setup
        precision = setup.options.precision
        with self._average.swapped() if self._average is not None else nullcontext():
            return evaluate(
                setup.model,
                setup.task,
                data,
                device=self._device,
                context=autocast(precision, self._device),
                channels_last=precision.channels_last is True,
            )

    def judge(self, progress: Progress) -> bool:
        """Measure, note the values in `progress`, and return whether they are the best."""
        setup = self._setup
        if self._average is not None:
            refresh_statistics(
                setup, self._average, epoch=progress.epoch, device=self._device
            )
        parts = {"val": setup.val_data, "train_eval": setup.train_eval_data}
        metrics = {part: self.measure(d) for part, d in parts.items() if d is not None}
        progress.last_values = {
            f"{part}/{name}": value
            for part, measured in metrics.items()
            for name, value in measured.compute().items()
        }
        is_best = self._note(progress)
        if is_best:
            self.best_metrics = metrics["val"]
        return is_best

    def _note(self, progress: Progress) -> bool:
        """Note a best evaluation; the smaller loss decides between equal ones."""
        task, values = self._setup.task, progress.last_values
        value = values.get(f"val/{task.monitor}")
        if value is None:
            return False
        self._setup.schedule.observe(value)
        sign = 1.0 if task.monitor_mode == "max" else -1.0
        score = [sign * value, -values["val/loss"]]
        if progress.best is not None and not score > progress.best:
            progress.stale += 1
            return False
        progress.best, progress.best_values, progress.stale = score, dict(values), 0
        return True
