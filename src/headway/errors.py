"""Every exception that headway raises on purpose, as one tree.

HeadwayError
├── InputError                the user can mend it; exit code 2
│   ├── DataError             a data source is missing, damaged or of the wrong shape
│   ├── RecipeError           a setting is unknown or out of range
│   ├── ModelError            a model is unknown or does not fit the data
│   ├── RunError              a run folder is missing, foreign or too new
│   └── TargetError           a training program cannot be loaded, made or run
├── CheckpointError           a checkpoint cannot be written or read
├── DivergenceError           the loss is no longer a number; exit code 3
├── RemedyDoesNotFit          a remedy has nothing to change in a program, or cannot
└── Interrupted               a signal stopped the run after saving; exit code 128 + signal
"""

import difflib
import re
from collections.abc import Iterable

# What msgspec calls the types of settings and options, and what a user does.
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text in quotes",
    "array": "a list [...]",
    "null": "none",
}


class HeadwayError(Exception):
    """Base of every error that headway raises on purpose."""


class InputError(HeadwayError, ValueError):
    """Something the user gave is wrong, and the message says how to mend it."""


class DataError(InputError):
    """A data source is missing, damaged or of the wrong shape."""


class RecipeError(InputError):
    """A setting of a recipe is unknown or out of range."""


class ModelError(InputError):
    """A model is unknown, cannot be built or does not fit the data."""


class RunError(InputError):
    """A run folder is missing, is not a run, or was written by a newer version."""


class TargetError(InputError):
    """A training program to examine cannot be loaded, made or run."""


class CheckpointError(HeadwayError):
    """A checkpoint cannot be written or read."""


class DivergenceError(HeadwayError):
    """The training loss or a weight is no longer a finite number.

    Attributes:
        step: Optimizer step, counted from 1, whose loss was not finite.
        loss: The loss of that step.
        lr: Learning rate of that step.
        cause: Most likely cause, in one sentence.
    """

    def __init__(self, *, step: int, loss: float, lr: float, cause: str) -> None:
        super().__init__(
            f"training diverged at step {step}: loss {loss}, lr {lr:g}. {cause}"
        )
        self.step = step
        self.loss = loss
        self.lr = lr
        self.cause = cause


class RemedyDoesNotFit(HeadwayError):  # noqa: N818 - a remedy that does not fit is no fault
    """A remedy of the doctor has nothing to change in a program, or cannot change it."""


class Interrupted(HeadwayError):  # noqa: N818 - it reports a wish of the user, not a fault
    """A signal stopped the run after its state was saved.

    Attributes:
        signal: Number of the signal, such as 2 for SIGINT.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(f"stopped by signal {signal} after saving")
        self.signal = signal


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known name closest to `name` in any case, or ""."""
    by_lower = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[close[0]]!r}?" if close else ""


def in_words(message: str) -> str:
    """Return what a message of msgspec expected, in the words of our own messages.

    Example:
        >>> in_words("Expected `int` >= 1, got `str` - at `$[0]`")
        'expected a whole number >= 1'
    """
    expected = message.partition(", got ")[0].partition(" - at ")[0]
    text = expected.replace("Expected", "expected").replace(" | ", " or ").replace("`", "")
    return re.sub(r"\w+", lambda match: _WORDS.get(match[0], match[0]), text)
