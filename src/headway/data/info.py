"""What a data source is: its classes, shapes and sizes."""

from dataclasses import dataclass
from typing import Literal

TaskKind = Literal[
    "classification", "multilabel", "regression", "language-model", "step-classification"
]
InputKind = Literal["image", "tabular", "tokens", "sequence"]
InputType = Literal["uint8", "float32", "int64"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataInfo:
    """Facts about a data source that the model, the task and the terminal need.

    Attributes:
        name: How the user named the source.
        kind: "image"; "tabular"; "tokens", sequences of class numbers; or "sequence",
            sequences of real numbers.
        input_shape: Shape of one sample as the model sees it: (channels, height, width) of
            an image, (features,) of a row of a table, (steps,) of tokens, (steps, channels)
            of a sequence.
        dtype: Type of the raw inputs: "uint8" for the bytes 0 to 255 of an image file,
            "int64" for tokens, "float32" for other values.
        task: What the targets are good for.
        classes: Class names in label order; label names for multilabel; () for regression.
            Of tokens, what they stand for; each step is to be one of them.
        target_names: Names of the regression targets; () otherwise.
        feature_names: Names of the columns of the inputs of a table; () otherwise.
        num_train: Samples to learn from.
        num_val: Samples to choose by.
        num_test: Samples held out, reached through `headway evaluate` only.
        skipped: What was left out and why, one line each.
    """

    name: str
    kind: InputKind
    input_shape: tuple[int, ...]
    dtype: InputType
    task: TaskKind
    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    num_train: int
    num_val: int
    num_test: int
    skipped: tuple[str, ...] = ()

    @property
    def num_outputs(self) -> int:
        """Width of the last layer."""
        return len(self.classes) or len(self.target_names)
