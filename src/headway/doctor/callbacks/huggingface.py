"""The watch as a callback of the Trainer of Hugging Face."""

import importlib
from typing import Any

from torch import Tensor
from torch.utils.hooks import RemovableHandle

from headway.doctor.watch import OnAlarm, Watch


def huggingface_callback(
    *,
    every: int | None = None,
    max_overhead: float = 0.03,
    on_alarm: OnAlarm | None = None,
) -> Any:
    """Return a `transformers.TrainerCallback` that watches the training.

    Its attribute `watch` is the `Watch`, from the beginning of the training on. The losses
    are those that the model returns; of one that returns none, those that the Trainer logs.

    Args:
        every: As of `headway.watch`.
        max_overhead: As of `headway.watch`.
        on_alarm: As of `headway.watch`.

    Raises:
        ImportError: If `transformers` is not installed.

    Example:
        >>> trainer = Trainer(model, callbacks=[huggingface_callback()])  # doctest: +SKIP
    """
    base: Any = importlib.import_module("transformers").TrainerCallback
    kind: Any = type("HuggingFaceWatch", (_HuggingFaceWatch, base), {})
    return kind(every, max_overhead, on_alarm)


class _HuggingFaceWatch:
    """What the callback does, without the class of the library that it is made of."""

    def __init__(
        self, every: int | None, max_overhead: float, on_alarm: OnAlarm | None
    ) -> None:
        self.watch: Watch | None = None
        self._settings = (every, max_overhead, on_alarm)
        self._loss: Tensor | float | None = None
        self._handle: RemovableHandle | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        model = given["model"]
        every, max_overhead, on_alarm = self._settings
        self.watch = Watch(
            model,
            given.get("optimizer"),
            every=every,
            max_overhead=max_overhead,
            on_alarm=on_alarm,
        )
        self.watch.start(state.global_step)
        self._handle = model.register_forward_hook(self._take_loss)

    def _take_loss(self, module: Any, inputs: Any, outputs: Any) -> None:
        loss = _loss(outputs)
        if module.training and loss is not None:
            self._loss = loss.detach()

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        assert self.watch is not None
        self.watch.step(self._loss)
        self._loss = None

    def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self._loss is None:
            self._loss = _number(given.get("logs"), "loss")

    def on_evaluate(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self.watch is not None:
            self.watch.evaluation(val=_number(given.get("metrics"), "eval_loss"))

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        assert self.watch is not None
        assert self._handle is not None
        self._handle.remove()
        self.watch.close()


def _number(values: Any, name: str) -> float | None:
    return float(values[name]) if values and name in values else None


def _loss(outputs: Any) -> Tensor | None:
    found = (
        outputs.get("loss") if isinstance(outputs, dict) else getattr(outputs, "loss", None)
    )
    return found if isinstance(found, Tensor) else None
