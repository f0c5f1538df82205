"""Which functions of torch are called with which tensors, also in functions of a user."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

# Functions that compare outputs with targets, by their names in torch.nn.functional.
LOSSES = frozenset(
    {
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "cosine_embedding_loss",
        "cross_entropy",
        "ctc_loss",
        "gaussian_nll_loss",
        "hinge_embedding_loss",
        "huber_loss",
        "kl_div",
        "l1_loss",
        "margin_ranking_loss",
        "mse_loss",
        "multi_margin_loss",
        "multilabel_margin_loss",
        "multilabel_soft_margin_loss",
        "nll_loss",
        "poisson_nll_loss",
        "smooth_l1_loss",
        "soft_margin_loss",
    }
)
DISTANCES = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"})

# The same thing under several names.
_SYNONYMS = {
    "divide": "div",
    "multiply": "mul",
    "radd": "add",
    "rdiv": "div",
    "rmatmul": "matmul",
    "rmul": "mul",
    "rpow": "pow",
    "rsub": "sub",
    "rtruediv": "div",
    "special_expit": "sigmoid",
    "special_log_softmax": "log_softmax",
    "special_softmax": "softmax",
    "subtract": "sub",
    "true_divide": "div",
    "truediv": "div",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """One call of a function of torch.

    Attributes:
        name: Its name, in place or not, as method or not: "mse_loss", "sub", "softmax".
        args: Positional arguments.
        kwargs: Arguments by name.
        result: What it returned, or None where it raised.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any = None

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """Return the argument at this place or by this name."""
        if len(self.args) > place:
            return self.args[place]
        return self.kwargs.get(name, default)

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments, also those in a list of them."""
        return list(_tensors((*self.args, *self.kwargs.values())))


class Recorder(TorchFunctionMode):
    """Tells `on_call` of each call of torch that returns tensors, and of `backward`.

    What a function of torch calls inside itself is not told.
    """

    def __init__(self, on_call: Callable[[Call], None]) -> None:
        super().__init__()
        self._on_call = on_call

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Do the call and tell of it, also where it raises."""
        name = _name_of(func)
        kwargs = kwargs or {}
        try:
            result = func(*args, **kwargs)
        except Exception:
            self._on_call(Call(name=name, args=args, kwargs=kwargs))
            raise
        is_told = next(_tensors((result,)), None) is not None and name != "__get__"
        if is_told or name == "backward":
            self._on_call(Call(name=name, args=args, kwargs=kwargs, result=result))
        return result


def loss_calls(loss_fn: Any, outputs: Any, targets: Any) -> tuple[Call, ...]:
    """Return the calls of torch's losses that a program's loss makes; it may also raise."""
    calls: list[Call] = []

    def keep(call: Call) -> None:
        if call.name in LOSSES:
            calls.append(call)

    if loss_fn is None:
        return ()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Recorder(keep):
                loss_fn(outputs, targets)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        pass
    return tuple(calls)


def _name_of(func: Any) -> str:
    name = getattr(func, "__name__", type(func).__name__)
    if name == "__get__":
        return name
    # An operator, or a method in place.
    name = name[2:-2] if name.startswith("__") else name.removesuffix("_")
    return _SYNONYMS.get(name, name)


def _tensors(values: tuple[Any, ...]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(tuple(value))
