"""A text as numbers, seen through windows of one length."""

from dataclasses import dataclass

from jaxtyping import Int64
from torch import Tensor

from headway.data.splits import ArraySplit


@dataclass(frozen=True, slots=True)
class TextSplit(ArraySplit):
    """A stretch of text, whose samples are windows laid end to end from its start.

    The targets of a window are the characters that follow its own. What is left after the
    last whole window belongs to no sample.

    Attributes:
        tokens: The text, a number for each character.
        inputs: The windows, views of `tokens` (shape: windows, window).
        targets: The same, one character further on.
    """

    tokens: Int64[Tensor, " length"]

    @classmethod
    def cut(cls, tokens: Int64[Tensor, " length"], window: int) -> "TextSplit":
        """Lay windows of `window` characters over a text of more than that.

        Example:
            >>> import torch
            >>> split = TextSplit.cut(torch.arange(8), 3)
            >>> split.inputs.tolist(), split.targets.tolist()
            ([[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]])
        """
        assert len(tokens) > window
        stop = (len(tokens) - 1) // window * window
        inputs = tokens[:stop].view(-1, window)
        targets = tokens[1 : stop + 1].view(-1, window)
        return cls(inputs, targets, tokens)

    @property
    def window(self) -> int:
        """Characters of a sample."""
        return self.inputs.shape[1]
