"""Change single calls of functions inside a model's forward pass."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from headway.doctor.remedies.tracing import Key, name_of, tensors_in
from headway.doctor.remedies.wrapping import Wrapper

# (function, positional arguments, other arguments, whether the model trains) -> result.
Rule = Callable[[Any, tuple[Any, ...], dict[str, Any], bool], Any]


class Redirected(Wrapper):
    """A model some of whose calls are made in another way.

    It is for forward passes that call functions, such as `F.relu`, where there is no module
    to replace.

    Args:
        model: The model.
        rules: What to do instead, by function and place among its calls in a forward pass.
    """

    def __init__(self, model: nn.Module, rules: Mapping[Key, Rule]) -> None:
        super().__init__(model)
        self.rules = dict(rules)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Return what the model returns under the rules."""
        with _Redirecting(self.rules, is_training=self.training):
            return self.model(*inputs, **named)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return ", ".join(f"{name} {number}" for name, number in self.rules)


class _Redirecting(TorchFunctionMode):
    def __init__(self, rules: Mapping[Key, Rule], *, is_training: bool) -> None:
        super().__init__()
        self._rules = rules
        self._is_training = is_training
        self._names = {name for name, _ in rules}
        self._counts: Counter[str] = Counter()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        named = kwargs or {}
        name = name_of(func)
        if name not in self._names:
            return func(*args, **named)
        rule = self._rules.get((name, self._counts[name]))
        result = (
            func(*args, **named)
            if rule is None
            else rule(func, args, named, self._is_training)
        )
        if next(tensors_in(result), None) is not None:
            self._counts[name] += 1
        return result
