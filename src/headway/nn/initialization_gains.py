"""Which activation follows each layer of a network."""

import inspect
from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, fx, nn

from headway.nn.activations import Maxout, MaxoutConv2d, SmartReLU
from headway.nn.fans import Recurrent, WeightLayer
from headway.nn.gains import ACTIVATIONS, activation_gain

_ACTIVATIONS = (
    *{type(make()) for name, make in ACTIVATIONS.items() if name != "linear"},
    SmartReLU,
)


def gains_that_follow(module: nn.Module) -> dict[str, float]:
    """Return the gain of the nearest activation after each linear or convolutional layer.

    Layers that no activation follows before the next layer are left out. The order comes
    from the traced graph, or, where tracing fails, from the order of the modules.
    """
    if isinstance(module, WeightLayer):
        return {}
    try:
        graph = _Tracer().trace(module)
    except Exception:
        # The forward pass of somebody else's module: it may fail on a proxy in any way.
        return _gains_by_order(module)
    return _gains_by_graph(module, graph)


class _Tracer(fx.Tracer):
    """Traces without the decorators of `forward`, such as checks that no proxy passes."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        is_layer = isinstance(m, WeightLayer) or _is_activation(m)
        return is_layer or super().is_leaf_module(m, module_qualified_name)

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if self.is_leaf_module(m, self.path_of_module(m)):
            return super().call_module(m, forward, args, kwargs)
        return inspect.unwrap(type(m).forward)(m, *args, **kwargs)

    def create_args_for_root(
        self, root_fn: Any, is_module: bool, concrete_args: Any = None
    ) -> Any:
        return super().create_args_for_root(
            inspect.unwrap(root_fn), is_module, concrete_args
        )


def _is_activation(module: nn.Module) -> bool:
    return isinstance(module, _ACTIVATIONS)


def _gains_by_order(module: nn.Module) -> dict[str, float]:
    gains: dict[str, float] = {}
    last = ""
    for name, part in module.named_modules():
        if isinstance(part, Maxout | MaxoutConv2d):
            gains[name], last = part.gain, ""
        elif isinstance(part, WeightLayer):
            last = "" if isinstance(part, Recurrent) else name
        elif last and _is_activation(part):
            gains[last], last = activation_gain(part), ""
    return gains


def _gains_by_graph(module: nn.Module, graph: fx.Graph) -> dict[str, float]:
    modules = dict(module.named_modules())
    gains: dict[str, float] = {}
    for node in graph.nodes:
        layer = _module_of(node, modules)
        if not isinstance(layer, WeightLayer) or isinstance(layer, Recurrent):
            continue
        gain = (
            layer.gain
            if isinstance(layer, Maxout | MaxoutConv2d)
            else _gain_after(node, modules)
        )
        if gain is not None:
            gains.setdefault(str(node.target), gain)
    return gains


def _gain_after(node: fx.Node, modules: dict[str, nn.Module]) -> float | None:
    """Return the gain of the nearest activation behind `node`, up to the next layers."""
    seen, queue = {node}, list(node.users)
    while queue:
        user = queue.pop(0)
        gain = _gain_of(user, modules)
        if gain is not None:
            return gain
        if user in seen or isinstance(_module_of(user, modules), WeightLayer):
            continue
        seen.add(user)
        queue.extend(user.users)
    return None


def _module_of(node: fx.Node, modules: dict[str, nn.Module]) -> nn.Module | None:
    return modules[str(node.target)] if node.op == "call_module" else None


def _gain_of(node: fx.Node, modules: dict[str, nn.Module]) -> float | None:
    """Return the gain of `node` if it is an activation."""
    module = _module_of(node, modules)
    if module is not None:
        return activation_gain(module) if _is_activation(module) else None
    if node.op not in ("call_function", "call_method"):
        return None
    name = getattr(node.target, "__name__", str(node.target)).removesuffix("_")
    if name not in ACTIVATIONS:
        return None
    rest = (*node.args[1:], *node.kwargs.values())
    if any(isinstance(value, fx.Node) for value in rest):
        return activation_gain(name)
    function = getattr(F, name)
    options = {key: value for key, value in node.kwargs.items() if key != "inplace"}

    def activation(x: Tensor) -> Tensor:
        return function(x, *node.args[1:], **options)

    return activation_gain(activation)
