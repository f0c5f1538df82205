"""What a data source is: its classes, shapes and sizes."""

from dataclasses import dataclass
from typing import Literal

TaskKind = Literal["classification", "multilabel", "regression"]
InputKind = Literal["image", "tabular"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataInfo:
    """Facts about a data source that the model, the task and the terminal need.

    Attributes:
        name: How the user named the source.
        kind: "image" for inputs of shape (channels, height, width), "tabular" for (features,).
        input_shape: Shape of one sample as the model sees it.
        task: What the targets are good for.
        classes: Class names in label order; label names for multilabel; () for regression.
        target_names: Names of the regression targets; () otherwise.
        num_train: Samples to learn from.
        num_val: Samples to choose by.
        num_test: Samples held out, reached through `headway evaluate` only.
        skipped: What was left out and why, one line each.
    """

    name: str
    kind: InputKind
    input_shape: tuple[int, ...]
    task: TaskKind
    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    num_train: int
    num_val: int
    num_test: int
    skipped: tuple[str, ...] = ()

    @property
    def num_outputs(self) -> int:
        """Width of the last layer."""
        return len(self.classes) or len(self.target_names)
