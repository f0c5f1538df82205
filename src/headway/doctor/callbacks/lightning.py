"""The watch as a callback of Lightning."""

import importlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from headway.doctor.watch import OnAlarm, Watch


def lightning_callback(
    *,
    every: int | None = None,
    max_overhead: float = 0.03,
    on_alarm: OnAlarm | None = None,
    val_loss: str = "val_loss",
) -> Any:
    """Return a `lightning.Callback` that watches the training.

    Its attribute `watch` is the `Watch`, from the beginning of the training on.

    Args:
        every: As of `headway.watch`.
        max_overhead: As of `headway.watch`.
        on_alarm: As of `headway.watch`.
        val_loss: Name under which the module logs its validation loss.

    Raises:
        ImportError: If neither `lightning` nor `pytorch_lightning` is installed.

    Example:
        >>> trainer = Trainer(callbacks=[lightning_callback()])  # doctest: +SKIP
    """
    base: Any = _library().Callback

    class LightningWatch(base):
        watch: Watch | None = None

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            self.watch = Watch(
                pl_module,
                trainer.optimizers,
                every=every,
                max_overhead=max_overhead,
                on_alarm=on_alarm,
            )
            self.watch.start(trainer.global_step)

        def on_train_batch_end(
            self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            assert self.watch is not None
            self.watch.step(_loss(outputs))

        def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
            value = trainer.callback_metrics.get(val_loss)
            if self.watch is not None and value is not None:
                self.watch.evaluation(val=value)

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            if self.watch is not None:
                self.watch.close()

        def on_exception(self, trainer: Any, pl_module: Any, exception: Any) -> None:
            if self.watch is not None:
                self.watch.close()

    return LightningWatch()


def _library() -> Any:
    try:
        return importlib.import_module("lightning")
    except ImportError:
        return importlib.import_module("pytorch_lightning")


def _loss(outputs: Any) -> Tensor | None:
    if isinstance(outputs, Mapping):
        return outputs.get("loss")
    return outputs if isinstance(outputs, Tensor) else None
