"""The two lines that move while a network is trained."""

import time

from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from headway.terminal.numbers import duration
from headway.terminal.panels import ACCENT, MAX_WIDTH
from headway.terminal.progress import Progress, pieces

_GAP = "   "


class Bar:
    """Draws where a run stands; before the first step, that it is being prepared.

    Attributes:
        is_training: Whether the first step has been asked for.
        unit: What is counted a second.
        steps_per_epoch: Optimizer steps of one pass over the training data.

    Args:
        progress: The numbers to draw, which change meanwhile.
    """

    def __init__(self, progress: Progress) -> None:
        self.is_training = False
        self.unit = "samples/s"
        self.steps_per_epoch = 1
        self._progress = progress
        self._spinner = Spinner("dots", style=ACCENT)
        self._start = time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines as they are now."""
        if not self.is_training:
            waited = duration(time.monotonic() - self._start)
            self._spinner.update(text=Text(f"preparing data and network  {waited}", "dim"))
            yield self._spinner
            return
        width = min(options.max_width, MAX_WIDTH)
        yield from console.render(self._line(), options.update(width=width))
        yield Text(_fitting(pieces(self._progress, self.unit), width), no_wrap=True)

    def _line(self) -> Table:
        progress = self._progress
        step, total = progress.step, progress.total_steps
        epoch, epochs = (number / self.steps_per_epoch for number in (step, total))
        left = progress.seconds_left
        remaining = "" if left is None or step >= total else f"{duration(left)} left"
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_column(no_wrap=True, justify="right", min_width=len("100 %"))
        grid.add_column(no_wrap=True, justify="right", min_width=len("59 min 59 s left"))
        grid.add_row(
            Text(f"epoch {epoch:{len(f'{epochs:.1f}')}.1f} of {round(epochs, 1):g}"),
            ProgressBar(total, step, complete_style=ACCENT, finished_style=ACCENT),
            Text(f"{100 * step // total} %"),
            Text(remaining, "dim"),
        )
        return grid


def _fitting(said: list[str], width: int) -> str:
    """Return as many pieces as fit in `width`, with gaps between them."""
    line = ""
    for piece in said:
        longer = f"{line}{_GAP}{piece}" if line else piece
        if len(longer) > width:
            break
        line = longer
    return line
