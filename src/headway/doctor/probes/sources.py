"""What a network gets of each sample, as tensors that gradients can be asked for."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from headway.doctor.program import call_model, main_output, num_in
from headway.measure.probe import evaluating


@contextmanager
def answering(model: nn.Module, inputs: Any) -> Generator[tuple[Tensor, list[Tensor]]]:
    """Yield an answer in evaluation mode, and the numbers and embedded names it is made of.

    Vectors that are the same for all samples, such as those of positions, are not among them.
    """
    sources: list[Tensor] = []
    count = num_in(inputs)

    def note(_: nn.Module, given: tuple[Any, ...], made: Any) -> Tensor | None:
        if not given or not _tells_samples_apart(given[0], count):
            return None
        sources.append(made.detach().requires_grad_())
        return sources[-1]

    embeddings = (nn.Embedding, nn.EmbeddingBag)
    layers = [m for m in model.modules() if isinstance(m, embeddings)]
    handles = [layer.register_forward_hook(note) for layer in layers]
    try:
        with evaluating(model), torch.enable_grad():
            output = main_output(call_model(model, _wanting_gradients(inputs, sources)))
            yield output.float(), sources
    finally:
        for handle in handles:
            handle.remove()


def gradients(output: Tensor, sources: list[Tensor]) -> list[Tensor]:
    """Return the gradients of the size of an answer by those sources that it depends on."""
    if not output.requires_grad or not sources:
        return []
    found = torch.autograd.grad(output.square().sum(), sources, allow_unused=True)
    return [grad for grad in found if grad is not None]  # pyright: ignore[reportUnnecessaryComparison]


def _tells_samples_apart(names: Any, count: int) -> bool:
    if not isinstance(names, Tensor) or not names.dim() or len(names) != count:
        return False
    return bool((names != names[:1]).any())


def _wanting_gradients(inputs: Any, sources: list[Tensor]) -> Any:
    if isinstance(inputs, Mapping):
        return {name: _wanting_gradients(x, sources) for name, x in inputs.items()}
    if isinstance(inputs, (tuple, list)):
        return tuple(_wanting_gradients(x, sources) for x in inputs)
    if not isinstance(inputs, Tensor) or not inputs.is_floating_point():
        return inputs
    sources.append(inputs.detach().requires_grad_())
    return sources[-1]
