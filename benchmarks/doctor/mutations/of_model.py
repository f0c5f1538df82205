"""Faults in layers: initialization, activations, width, gradients that end, modes."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mutations.edit import (
    Made,
    Make,
    NotApplicableError,
    add_head,
    edited,
    knob,
    matrices,
    need,
    remake_optimizer,
    replace,
    weighted,
)


def initialized(change: Callable[[nn.Module], None]) -> Any:
    """Start from other weights."""

    @edited
    def mutate(made: Made) -> None:
        with torch.no_grad():
            change(made["model"])

    return mutate


def _fill_all(value: float) -> Callable[[nn.Module], None]:
    def fill(model: nn.Module) -> None:
        for parameter in matrices(model):
            parameter.fill_(value)
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.fill_(value if value == 0 else 0.1)

    return fill


def _scale_all(factor: float) -> Callable[[nn.Module], None]:
    def scale(model: nn.Module) -> None:
        for parameter in matrices(model):
            parameter.mul_(factor)

    return scale


def _normal(model: nn.Module) -> None:
    for parameter in matrices(model):
        parameter.normal_(0, 1)


def _dead(model: nn.Module) -> None:
    layers = [module for _, module in weighted(model)]
    for layer in layers[:-1]:
        need(isinstance(getattr(layer, "bias", None), Tensor))
        layer.bias.fill_(-5.0)  # type: ignore[union-attr,operator]


zeros = initialized(_fill_all(0.0))
constant = initialized(_fill_all(0.05))
tiny_weights = initialized(_scale_all(1e-3))
small_weights = initialized(_scale_all(0.03))
huge_weights = initialized(_scale_all(30.0))
normal_weights = initialized(_normal)
dead_biases = initialized(_dead)


def activation(module: type[nn.Module], function: Callable[[Tensor], Tensor]) -> Any:
    """Use another activation, in the form that the program has it."""

    def choose(default: Any) -> Any:
        return module if inspect.isclass(default) else function

    return knob("activation", choose)


class Steps(nn.Module):
    """Zero or one: no slope anywhere."""

    def forward(self, x: Tensor) -> Tensor:
        """Return whether x is positive."""
        return (x > 0).float()


class RowSoftmax(nn.Module):
    """Softmax over the features."""

    def forward(self, x: Tensor) -> Tensor:
        """Return shares of features."""
        return x.softmax(1)


no_activation = activation(nn.Identity, lambda x: x)
sigmoid = activation(nn.Sigmoid, torch.sigmoid)
softmax_inside = activation(RowSoftmax, lambda x: x.softmax(1))
step_activation = activation(Steps, lambda x: (x > 0).float())


def deep_sigmoid(make: Make) -> Make:
    """Eight or more layers of sigmoids with the default initialization."""
    if "depth" not in inspect.signature(make).parameters:
        raise NotApplicableError

    def faulty(seed: int = 0) -> Made:
        made = make(seed, activation=nn.Sigmoid, depth=9)
        for module in made["model"].modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()
        return made

    return faulty


narrow_1 = knob("width", lambda _: 1)
narrow_2 = knob("width", lambda _: 2)
code_1 = knob("code", lambda _: 1)


class Cut(nn.Module):
    """A layer whose output is taken out of the graph, in one way or another."""

    def __init__(self, layer: nn.Module, how: str) -> None:
        super().__init__()
        self.layer = layer
        self.how = how

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the layer returns, without its history."""
        if self.how == "no_grad":
            with torch.no_grad():
                return self.layer(*args, **kwargs)
        out = self.layer(*args, **kwargs)
        return tuple(map(self._cut, out)) if isinstance(out, tuple) else self._cut(out)

    def _cut(self, x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        if self.how == "numpy":
            return torch.from_numpy(x.detach().numpy().copy())
        return x.data if self.how == "data" else x.detach()


def cut(how: str) -> Any:
    """End the gradient in the middle of the network."""

    @edited
    def change(made: Made) -> None:
        layers = [
            (name, layer)
            for name, layer in weighted(made["model"])
            if all(p.requires_grad for p in layer.parameters())
            # These layers read the parameters of their children themselves.
            and "self_attn" not in name
        ]
        need(len(layers) > 1)
        name, layer = layers[(len(layers) - 1) // 2]
        need(bool(name))
        replace(made["model"], name, Cut(layer, how))

    return change


def output_cut(head: Callable[[Tensor], Tensor]) -> Any:
    """Make a new tensor of the output."""

    @edited
    def change(made: Made) -> None:
        add_head(made, head)

    return change


new_tensor = output_cut(lambda x: torch.tensor(x.tolist(), requires_grad=True))
detached_output = output_cut(lambda x: x.detach().requires_grad_())


@edited
def hidden_frozen(made: Made) -> None:
    """Freeze all layers but the last, with their initial weights."""
    need(all(p.requires_grad for p in made["model"].parameters()))
    for _, layer in weighted(made["model"])[:-1]:
        layer.requires_grad_(False)


@edited
def all_frozen(made: Made) -> None:
    """Freeze everything."""
    made["model"].requires_grad_(False)


@edited
def only_last_in_optimizer(made: Made) -> None:
    """Give the optimizer the last layer alone."""
    need(all(p.requires_grad for p in made["model"].parameters()))
    remake_optimizer(made, params=weighted(made["model"])[-1][1].parameters())


@edited
def first_not_in_optimizer(made: Made) -> None:
    """Forget the first layer when the optimizer is made."""
    need(all(p.requires_grad for p in made["model"].parameters()))
    first = {id(p) for p in weighted(made["model"])[0][1].parameters()}
    rest = [p for p in made["model"].parameters() if id(p) not in first]
    remake_optimizer(made, params=rest)


@edited
def optimizer_of_a_copy(made: Made) -> None:
    """Copy the model after the optimizer was made."""
    made["model"] = copy.deepcopy(made["model"])


@edited
def head_replaced_later(made: Made) -> None:
    """Replace the last layer after the optimizer was made."""
    name, last = weighted(made["model"])[-1]
    need(isinstance(last, nn.Linear))
    replace(made["model"], name, nn.Linear(last.in_features, last.out_features))  # type: ignore[union-attr,arg-type]


class ListNet(nn.Module):
    """Keeps its hidden layers in a plain list, where torch does not find them."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.hidden = layers[:-1]
        self.head = layers[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Go through the list, then through the head."""
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


@edited
def layers_in_list(made: Made) -> None:
    """Keep layers in a Python list."""
    model = made["model"]
    need(type(model) is nn.Sequential and isinstance(model[-1], nn.Linear))
    made["model"] = ListNet(list(model))
    remake_optimizer(made, params=made["model"].parameters())


def _has(model: nn.Module, *kinds: type[nn.Module]) -> bool:
    return any(isinstance(module, kinds) for module in model.modules())


_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@edited
def eval_mode(made: Made) -> None:
    """Leave the model in evaluation mode."""
    need(_has(made["model"], *_BATCH_NORMS, nn.Dropout))
    need(all(p.requires_grad for p in made["model"].parameters()))
    made["model"].eval()


@edited
def eval_in_step(made: Made) -> None:
    """Switch to evaluation mode for a report and never back."""
    need(_has(made["model"], *_BATCH_NORMS, nn.Dropout) and "step" not in made)
    need(all(p.requires_grad for p in made["model"].parameters()))

    def step(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
        model.eval()
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    made["step"] = step


def batch_norm(change: Callable[[Any], None]) -> Any:
    """Change all batch norms."""

    @edited
    def mutate(made: Made) -> None:
        norms = [m for m in made["model"].modules() if isinstance(m, _BATCH_NORMS)]
        need(len(norms) > 0 and all(p.requires_grad for p in made["model"].parameters()))
        for norm in norms:
            change(norm)

    return mutate


def _set_momentum(norm: Any, momentum: float) -> None:
    norm.momentum = momentum


norm_momentum_0 = batch_norm(lambda norm: _set_momentum(norm, 0.0))
norm_momentum_small = batch_norm(lambda norm: _set_momentum(norm, 1e-4))
norm_frozen = batch_norm(lambda norm: norm.eval())


@edited
def dropout_95(made: Made) -> None:
    """Drop nearly everything in each hidden layer."""
    model = made["model"]
    need(all(p.requires_grad for p in model.parameters()))
    dropouts = [m for m in model.modules() if isinstance(m, nn.Dropout)]
    for dropout in dropouts:
        dropout.p = 0.95
    layers = [] if dropouts else weighted(model)[:-1]
    for name, layer in layers:
        if isinstance(layer, (nn.Linear, nn.Conv2d)) and name and "attn" not in name:
            replace(model, name, nn.Sequential(layer, nn.Dropout(0.95)))
    need(_has(model, nn.Dropout))


class InHalf(nn.Module):
    """Computes in half precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.half()

    def forward(self, *inputs: Tensor, **named: Tensor) -> Tensor:
        """Return single precision."""
        rounded = {name: _halved(x) for name, x in named.items()}
        return self.network(*map(_halved, inputs), **rounded).float()


def _halved(x: Tensor) -> Tensor:
    return x.half() if x.is_floating_point() else x


@edited
def half_precision(made: Made) -> None:
    """Keep weights and the optimizer's state in half precision."""
    made["model"] = InHalf(made["model"])
    remake_optimizer(made, params=made["model"].parameters())
