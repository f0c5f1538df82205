"""Put something around a module or behind it, so that it still looks like the module."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from headway.doctor.program import main_output


class Wrapper(nn.Module):
    """A module around another one, whose attributes it shows as its own.

    So code that reads `model.encoder` or `layer.weight` goes on working.

    Args:
        model: The module inside.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        # The training flag of the inside is part of the program.
        self.training = model.training

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Return what the module inside returns."""
        return self.model(*inputs, **named)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            inside = self._modules.get("model")
            if inside is None:
                raise
            return getattr(inside, name)


class Followed(Wrapper):
    """A module with another one behind it, which gets its main output.

    Args:
        model: The module inside.
        tail: What follows it.
    """

    def __init__(self, model: nn.Module, tail: nn.Module) -> None:
        super().__init__(model)
        self.tail = tail.train(model.training)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Return tail(model(...))."""
        output = self.model(*inputs, **named)
        return with_main(output, self.tail(main_output(output)))


class Bypassed(Wrapper):
    """A module with a residual connection around it: y = x + f(x)."""

    def forward(self, x: Tensor, *inputs: Any, **named: Any) -> Any:
        """Return x + model(x)."""
        return x + self.model(x, *inputs, **named)


def with_main(outputs: Any, value: Tensor) -> Any:
    """Return `outputs` with its main tensor replaced by `value`."""
    if isinstance(outputs, Tensor):
        return value
    main = main_output(outputs)
    if isinstance(outputs, Mapping):
        return {name: value if part is main else part for name, part in outputs.items()}
    if isinstance(outputs, (tuple, list)):
        return tuple(value if part is main else part for part in outputs)
    for name, part in vars(outputs).items():
        if part is main:
            setattr(outputs, name, value)
    return outputs


def replace_module(model: nn.Module, old: nn.Module, new: nn.Module) -> nn.Module:
    """Put `new` wherever `old` is in `model`, and return the model.

    Returns:
        `new` where `old` is the whole model.
    """
    if old is model:
        return new
    for parent in list(model.modules()):
        if parent is new:
            continue
        for name, child in list(parent.named_children()):
            if child is old:
                setattr(parent, name, new)
    return model
