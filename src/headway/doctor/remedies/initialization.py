"""Draw the weights anew, at a scale that keeps signals and gradients alive."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.fans import glorot_std
from headway.doctor.remedies.samples import a_batch
from headway.doctor.remedies.tracing import Call, trace
from headway.errors import RemedyDoesNotFit
from headway.nn import initialize_, lsuv_

StartScheme = Literal["auto", "he", "xavier", "lsuv", "torch"]

# What they are called.
_NAMES = {"lsuv": "LSUV", "xavier": "Glorot's scheme", "torch": "the layers' own scheme"}

# Embeddings of torch start at a deviation of 1, those of transformers at 0.02.
_EMBEDDING_RANGE = (5e-3, 3.0)
# A matrix outside the layers is left alone within these factors of Glorot's deviation: no
# known scheme draws larger ones, and 0.02 is far below it in narrow networks.
_SMALLER, _LARGER = 0.1, 4.0


@dataclass(frozen=True)
class Reinitialize:
    """Draw the weights that can learn anew.

    Linear and convolutional layers get He's weights with the gain of the activation that
    follows, or Glorot's in a network with attention; recurrent ones orthogonal matrices and a
    forget bias of 1; biases are zero. Norms and embeddings that are out of the usual range
    get their usual start. Frozen parameters stay.

    Attributes:
        scheme: "he", "xavier", "lsuv", "torch" for what the layers themselves start with, or
            "auto" for what the network asks for.
        layers: Names of the modules that are concerned; () for all.

    Reference:
        See `headway.nn.initialize_` and `headway.nn.lsuv_`; Jozefowicz et al., "An Empirical
        Exploration of Recurrent Network Architectures", 2015 (forget bias).
    """

    cause: ClassVar[Cause] = "init"
    scheme: StartScheme = "auto"
    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.scheme not in get_args(StartScheme):
            known = ", ".join(get_args(StartScheme))
            raise ValueError(f"unknown scheme {self.scheme!r}; known: {known}")

    def apply(self, program: Program) -> Program:
        """Return the program with new weights."""
        model = program.model
        kept = {
            p: p.detach().clone()
            for name, p in model.named_parameters()
            if not (p.requires_grad and self._concerns(name))
        }
        if len(kept) == len(list(model.parameters())):
            raise RemedyDoesNotFit("no parameter can learn that could start anew")
        with drawing(program), torch.no_grad():
            self._draw(program)
            for parameter, value in kept.items():
                parameter.copy_(value)
        return program

    def describe(self) -> str:
        """Return what changes."""
        what = f"the weights of {', '.join(self.layers)}" if self.layers else "the weights"
        how = _NAMES.get(self.scheme, "He's scheme")
        biases = "" if self.scheme == "torch" else ", with biases of zero"
        return f"Draw {what} anew by {how}{biases}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        if self.scheme == "lsuv":
            return (
                "import headway.nn\n\nheadway.nn.lsuv_(model, x)  # x: one batch of inputs"
            )
        if self.scheme == "torch":
            return (
                "for module in model.modules():\n"
                '    if hasattr(module, "reset_parameters"):\n'
                "        module.reset_parameters()"
            )
        draw = (
            "nn.init.xavier_normal_(module.weight)"
            if self.scheme == "xavier"
            else 'nn.init.kaiming_normal_(module.weight, nonlinearity="relu")'
        )
        return (
            "for module in model.modules():\n"
            "    if isinstance(module, (nn.Linear, nn.Conv2d)):\n"
            f"        {draw}\n"
            "        if module.bias is not None:\n"
            "            nn.init.zeros_(module.bias)"
        )

    def _concerns(self, name: str) -> bool:
        if not self.layers:
            return True
        return any(name == layer or name.startswith(f"{layer}.") for layer in self.layers)

    def _draw(self, program: Program) -> None:
        model = program.model
        _restart_norms_(model)
        _restart_others_(program)
        has_attention = any(isinstance(m, nn.MultiheadAttention) for m in model.modules())
        scheme = self.scheme
        if scheme == "auto":
            scheme = "xavier" if has_attention else "he"
        if scheme == "torch":
            _start_as_torch_does_(model)
        else:
            initialize_(model, "he" if scheme == "lsuv" else scheme)
        _start_attention_(model)
        if scheme != "torch":
            _start_forget_gates_(model)
        if scheme == "lsuv":
            inputs = a_batch(program)[0]
            if not isinstance(inputs, Tensor):
                raise RemedyDoesNotFit("LSUV needs inputs that are one tensor")
            lsuv_(model, inputs)


def _start_as_torch_does_(model: nn.Module) -> None:
    """Call what draws the weights of each layer when it is made."""
    for module in model.modules():
        is_kept = _is_norm(module) or isinstance(module, nn.Embedding)
        start = getattr(module, "reset_parameters", None)
        if callable(start) and not is_kept:
            start()


def _restart_norms_(model: nn.Module) -> None:
    """Give norms their usual start where all of them scale by about nothing or far too much.

    A single norm at zero is usual at the end of a residual branch.
    """
    norms: list[Any] = [module for module in model.modules() if _is_norm(module)]
    scales = [norm.weight for norm in norms if norm.weight is not None]
    sizes = [float(scale.abs().mean()) for scale in scales]
    if sizes and (max(sizes) < 0.1 or min(sizes) > 10):
        for norm in norms:
            norm.reset_parameters()


def _is_norm(module: Any) -> bool:
    is_named = "Norm" in type(module).__name__ and hasattr(module, "weight")
    return is_named and hasattr(module, "reset_parameters")


def _restart_others_(program: Program) -> None:
    """Give embeddings and matrices outside the layers a usual scale where theirs is absurd."""
    embeddings = {m.weight for m in program.model.modules() if isinstance(m, nn.Embedding)}
    low, high = _EMBEDDING_RANGE
    if all(p in embeddings or p.dim() < 2 for p in program.model.parameters()):
        # Nothing scales the products of embeddings but they themselves.
        for weight in embeddings:
            width = weight.shape[1]
            nn.init.normal_(weight, 0.0, width**-0.5 if width > 1 else 0.0)
        return
    for weight in embeddings:
        if not low <= float(weight.std()) <= high:
            nn.init.normal_(weight)
    for call, weight in _loose_matrices(program):
        std = glorot_std(call, weight)
        if not std * _SMALLER <= float(weight.std()) <= std * _LARGER:
            nn.init.normal_(weight, 0.0, std)


def _loose_matrices(program: Program) -> Iterator[tuple[Call, Tensor]]:
    """Yield parameters that multiply a signal without a layer of torch around them."""
    traced = trace(program.model, a_batch(program)[0])
    seen: set[Tensor] = set()
    for call in traced.calls:
        is_layer = type(call.module).__module__.startswith("torch.nn.modules")
        for weight in call.weights if traced.is_weighted(call) and not is_layer else ():
            if weight not in seen:
                seen.add(weight)
                yield call, weight


def _start_attention_(model: nn.Module) -> None:
    """Give the joint projections of attention Glorot's weights, as torch does."""
    for module in model.modules():
        if isinstance(module, nn.MultiheadAttention):
            for name, parameter in module.named_parameters(recurse=False):
                if parameter.dim() > 1 and "bias" not in name:
                    nn.init.xavier_uniform_(parameter)
                else:
                    nn.init.zeros_(parameter)


def _start_forget_gates_(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, (nn.LSTM, nn.LSTMCell)):
            size = module.hidden_size
            for name, bias in module.named_parameters(recurse=False):
                if name.startswith("bias_ih"):
                    bias[size : 2 * size] = 1.0
