"""Does a model fit the data? One tiny forward pass tells."""

from typing import Any

import torch
from torch import Tensor, nn

from headway.errors import ModelError
from headway.measure import probe
from headway.measure.probe import device_of


def check_model(
    model: nn.Module,
    input_shape: tuple[int, ...],
    num_outputs: int,
    *,
    name: str = "",
    has_tokens: bool = False,
) -> None:
    """Run `model` on two blank samples and check the shape of what it returns.

    The model is afterwards what it was: training flags, buffers and random states. Only
    lazy parameters have got their shapes.

    Args:
        model: Takes a tensor of shape (batch, *input_shape).
        input_shape: Shape of one sample.
        num_outputs: Expected width of the output.
        name: What the message calls the model. Defaults to its class.
        has_tokens: Whether the inputs are tokens, each of which gets an answer.

    Raises:
        ModelError: If the forward pass fails, or does not return a tensor of shape
            (batch, num_outputs), of tokens (batch, steps, num_outputs).
    """
    name = name or type(model).__name__
    dtype = torch.int64 if has_tokens else None
    inputs = torch.zeros(2, *input_shape, dtype=dtype, device=device_of(model))
    expected = (2, *input_shape, num_outputs) if has_tokens else (2, num_outputs)
    try:
        outputs = probe(model, inputs)
    except Exception as error:
        raise ModelError(
            f"model {name!r} fails on an input of shape {tuple(inputs.shape)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(outputs, Tensor) or outputs.shape != expected:
        raise ModelError(
            f"model {name!r} returns {_describe(outputs)} for an input of shape "
            f"{tuple(inputs.shape)}; expected a tensor of shape {expected}: one "
            "row per sample, one column per class or target"
        )


def image_shape(
    name: str, input_shape: tuple[int, ...], *, smallest_side: int = 1
) -> tuple[int, int, int]:
    """Return `input_shape` if it is that of an image that the model can take.

    Args:
        name: What the message calls the model.
        input_shape: Shape of one sample.
        smallest_side: Pixels that height and width must have.

    Raises:
        ModelError: If it is not the shape of an image, or of one that is too small.
    """
    if len(input_shape) != 3:
        raise ModelError(
            f"model {name!r} takes images of shape (channels, height, width), but the data "
            f"has samples of shape {input_shape}; use the model 'mlp'"
        )
    channels, height, width = input_shape
    if min(height, width) < smallest_side:
        raise ModelError(
            f"model {name!r} takes images of at least {smallest_side} x {smallest_side} "
            f"pixels, but the data has {height} x {width}; use a network for small images, "
            "such as resnet-20"
        )
    return channels, height, width


def _describe(outputs: Any) -> str:
    if isinstance(outputs, Tensor):
        return f"a tensor of shape {tuple(outputs.shape)}"
    return f"an object of type {type(outputs).__name__}"
