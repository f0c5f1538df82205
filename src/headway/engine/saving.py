"""Which checkpoints a run keeps and when it writes them."""

import time
from pathlib import Path
from typing import Any

from headway.engine import checkpoint, distributed
from headway.engine.options import Checkpointing

BEST = "best.safetensors"


class Saver:
    """Writes the checkpoints of a run; only the first of several processes touches the disk.

    Args:
        folder: Where checkpoints go, or None to keep nothing.
        options: How often and how many.
    """

    def __init__(self, folder: Path | None, options: Checkpointing) -> None:
        self._folder = folder
        self._options = options
        self._last = time.monotonic()

    @property
    def is_on(self) -> bool:
        """Whether there is a folder to write to."""
        return self._folder is not None

    def is_due(self, step: int) -> bool:
        """Whether a checkpoint is due after `step`."""
        if self._folder is None:
            return False
        every = self._options.every_steps
        if every is not None and step % every == 0:
            return True
        return time.monotonic() - self._last >= self._options.every_seconds

    def save(self, tree: Any, step: int) -> Path | None:
        """Write the checkpoint of `step` and remove what is older than the ones to keep."""
        if self._folder is None:
            return None
        folder, path = self._folder, checkpoint.step_path(self._folder, step)

        def write() -> None:
            checkpoint.save(tree, path)
            checkpoint.remove_older(folder, keep=self._options.keep)

        distributed.on_first_process(write)
        self._last = time.monotonic()
        return path

    def save_best(self, tree: Any) -> None:
        """Write the best snapshot."""
        if self._folder is not None:
            path = self._folder / BEST
            distributed.on_first_process(lambda: checkpoint.save(tree, path))

    def load_newest(self) -> tuple[Path, Any, list[str]] | None:
        """Return the newest whole checkpoint and what was wrong with newer ones."""
        if self._folder is None or not checkpoint.newest_first(self._folder):
            return None
        return checkpoint.load_newest(self._folder)
