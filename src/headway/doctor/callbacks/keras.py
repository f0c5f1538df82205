"""The watch as a callback of Keras 3 on torch."""

import importlib
from typing import Any

from headway.doctor.watch import OnAlarm, Watch


def keras_callback(
    *,
    every: int | None = None,
    max_overhead: float = 0.03,
    on_alarm: OnAlarm | None = None,
) -> Any:
    """Return a `keras.callbacks.Callback` that watches the training.

    Its attribute `watch` is the `Watch`, from the beginning of the training on.

    Args:
        every: As of `headway.watch`.
        max_overhead: As of `headway.watch`.
        on_alarm: As of `headway.watch`.

    Raises:
        ImportError: If `keras` is not installed, or its backend is not torch.

    Example:
        >>> model.fit(x, y, callbacks=[keras_callback()])  # doctest: +SKIP
    """
    keras: Any = importlib.import_module("keras")
    if keras.backend.backend() != "torch":
        raise ImportError(
            f"headway watches Keras on torch, but its backend is {keras.backend.backend()}: "
            'set the environment variable KERAS_BACKEND to "torch" before keras is imported'
        )
    base: Any = keras.callbacks.Callback

    class KerasWatch(base):
        watch: Watch | None = None
        _total = 0.0

        def on_train_begin(self, logs: Any = None) -> None:
            # The optimizers of Keras are none of torch: gradients are read after the step.
            self.watch = Watch(
                self.model, every=every, max_overhead=max_overhead, on_alarm=on_alarm
            )
            self.watch.start()

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self._total = 0.0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert self.watch is not None
            self.watch.step(self._loss(batch, logs or {}))

        def _loss(self, batch: int, logs: Any) -> float | None:
            """Return the loss of one batch: Keras tells the mean over the epoch so far."""
            if "loss" not in logs:
                return None
            before, self._total = self._total, float(logs["loss"]) * (batch + 1)
            return self._total - before

        def on_test_end(self, logs: Any = None) -> None:
            if self.watch is not None and logs and "loss" in logs:
                self.watch.evaluation(val=float(logs["loss"]))

        def on_train_end(self, logs: Any = None) -> None:
            assert self.watch is not None
            self.watch.close()

    return KerasWatch()
