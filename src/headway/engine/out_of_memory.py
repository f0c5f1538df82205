"""Go on after running out of memory: smaller micro-batches, the same batch, the same result."""

import torch
from torch import Tensor, nn

from headway.data import Batch
from headway.engine import distributed
from headway.engine.step import TrainStep, batch_length
from headway.errors import HeadwayError


class MemoryGuard:
    """Runs the backward pass of a step, cutting the batch in half until it fits.

    The global batch stays the same, so the run goes on as if nothing had happened; only batch
    norm sees smaller batches. Buffers are put back before the batch is run again.

    Args:
        step: The step whose number of micro-batches is doubled.
        model: Network whose buffers a failed attempt may have changed.
    """

    def __init__(self, step: TrainStep, model: nn.Module) -> None:
        self._step = step
        self._buffers = [buffer for buffer in model.buffers() if buffer.numel()]
        self._kept = [buffer.clone() for buffer in self._buffers]

    def backward(self, batch: Batch, *, seed: int) -> Tensor:
        """Run the backward pass of `batch`, in smaller and smaller parts until it fits.

        Raises:
            HeadwayError: If not even a single sample fits.
        """
        if self._buffers:
            self._keep_buffers()
        while (loss := self._attempt(batch, seed)) is None:
            # Not in the error's handler, whose traceback would hold on to the activations.
            self._make_room()
        return loss

    @torch.no_grad()
    def _keep_buffers(self) -> None:
        torch._foreach_copy_(self._kept, self._buffers)  # pyright: ignore

    def _attempt(self, batch: Batch, seed: int) -> Tensor | None:
        """Return the loss, or None where memory ran out and smaller parts may fit."""
        try:
            return self._step.backward(batch, seed=seed)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            if not is_out_of_memory(error):
                raise
            self._check_that_halving_helps(batch, error)
        return None

    def _check_that_halving_helps(self, batch: Batch, error: BaseException) -> None:
        advice = "use a smaller model or --set training.memory=sqrt"
        if distributed.shard().world_size > 1:
            advice = f"--set training.accumulate={2 * self._step.num_micro_batches}"
        elif self._step.num_micro_batches < batch_length(batch.inputs):
            return
        raise HeadwayError(
            f"out of memory with micro-batches of "
            f"{batch_length(batch.inputs) // self._step.num_micro_batches} samples; {advice}"
        ) from error

    @torch.no_grad()
    def _make_room(self) -> None:
        self._step.drop_gradients()
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._kept)  # pyright: ignore
        self._step.num_micro_batches *= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that memory ran out, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(
        error
    )
