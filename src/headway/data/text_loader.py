"""Training batches of a text."""

from collections.abc import Iterator

import torch

from headway.data.batch import Batch, Shard
from headway.data.order import PlannedLoader, TrainingPlan, epoch_order
from headway.data.random import derive_seed
from headway.data.text_split import TextSplit

# Far from the streams of the order and of the augmentations.
_STREAM = 1003


class TextLoader(PlannedLoader):
    """Windows of a text in random order, cut at other places in every epoch.

    The windows of an epoch lie end to end from a random place on, and go on at the start of
    the text when they come to its end. So an epoch sees nearly every character once, and in
    time each stands at every place of a window. Places and order depend on the seed and the
    epoch alone.

    Args:
        split: The text.
        batch_size: Windows of a global batch; all of them where there are fewer.
        seed: Seed of places and order.
        device: Where the batches are wanted; the whole text goes there.
        shard: The share of this process.

    Raises:
        ValueError: If a batch has fewer windows than processes.

    Example:
        >>> split = TextSplit.cut(torch.arange(100), 10)
        >>> loader = TextLoader(split, batch_size=4, seed=0, device=torch.device("cpu"))
        >>> [batch.inputs.shape for batch in loader.batches(epoch=0)]
        [torch.Size([4, 10]), torch.Size([4, 10])]
    """

    def __init__(
        self,
        split: TextSplit,
        *,
        batch_size: int,
        seed: int,
        device: torch.device,
        shard: Shard = Shard(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(TrainingPlan(len(split), batch_size, shard))
        self._seed = seed
        self._tokens = split.tokens.to(device)
        self._window = split.window
        # A window and the target of its last character.
        self._reach = torch.arange(split.window + 1, device=device)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of `epoch` (from 0) from position `start` (from 0) on."""
        num_starts = len(self._tokens) - self._window
        offset = derive_seed(self._seed, epoch, _STREAM) % num_starts
        order = epoch_order(self._seed, epoch, self._plan.length).to(self._tokens.device)
        for indices, weight in self._plan.shares(order, start):
            starts = (indices * self._window + offset) % num_starts
            windows = self._tokens[starts[:, None] + self._reach]
            yield Batch(windows[:, :-1], windows[:, 1:], weight)
