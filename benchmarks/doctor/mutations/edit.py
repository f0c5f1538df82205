"""Edits of a program's dict that mutations are made of."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

Made = dict[str, Any]
Make = Callable[..., Made]


class NotApplicableError(Exception):
    """The program has nothing that this mutation could change."""


def edited(change: Callable[[Made], None]) -> Callable[[Make], Make]:
    """Return a mutation that changes the dict that a `make` returns."""

    def mutate(make: Make) -> Make:
        def faulty(seed: int = 0) -> Made:
            made = make(seed)
            torch.manual_seed(seed + 1000)
            change(made)
            return made

        return faulty

    return mutate


def knob(name: str, value: Callable[[Any], Any]) -> Callable[[Make], Make]:
    """Return a mutation that sets an argument of `make`, from its default."""

    def mutate(make: Make) -> Make:
        if name not in inspect.signature(make).parameters:
            raise NotApplicableError
        default = inspect.signature(make).parameters[name].default
        return functools.partial(make, **{name: value(default)})

    return mutate


def need(condition: bool) -> None:
    """Refuse a program that lacks something."""
    if not condition:
        raise NotApplicableError


def is_classes(made: Made) -> bool:
    """Whether the loss is cross-entropy of logits and ids, one for each sample."""
    loss = made["loss_fn"]
    return isinstance(loss, nn.CrossEntropyLoss) or loss is F.cross_entropy


def is_values(made: Made) -> bool:
    """Whether the loss compares values."""
    loss = made["loss_fn"]
    return isinstance(loss, (nn.MSELoss, nn.SmoothL1Loss)) or loss is F.mse_loss


def tensors(source: Any) -> tuple[Any, Tensor]:
    """Return all inputs and targets of a pair or a DataLoader."""
    if not isinstance(source, DataLoader):
        return source
    rows = [source.dataset[i] for i in range(len(source.dataset))]  # type: ignore[arg-type]
    return torch.stack([row[0] for row in rows]), torch.stack([row[1] for row in rows])


def like(source: Any, pair: tuple[Any, Tensor], **changes: Any) -> Any:
    """Return other samples in the form of `source`: a pair or a DataLoader."""
    if not isinstance(source, DataLoader):
        return pair
    how = {
        "batch_size": source.batch_size,
        "shuffle": isinstance(source.sampler, RandomSampler),
        **changes,
    }
    return DataLoader(TensorDataset(*pair), **how)


def map_part(made: Made, part: str, change: Callable[[Any, Tensor], Any]) -> None:
    """Replace all samples of "train" or "val" by what `change` makes of them."""
    if part in made:
        made[part] = like(made[part], change(*tensors(made[part])))


def map_inputs(made: Made, change: Callable[[Tensor], Tensor]) -> None:
    """Change the floating-point inputs of training and validation data."""
    inputs, targets = tensors(made["train"])
    first = next(iter(inputs.values())) if isinstance(inputs, dict) else inputs
    need(first.is_floating_point() and first is not targets)

    def on_pair(x: Any, y: Tensor) -> tuple[Any, Tensor]:
        if isinstance(x, dict):
            return {name: change(value) for name, value in x.items()}, y
        return change(x), y

    map_part(made, "train", on_pair)
    map_part(made, "val", on_pair)


def take(inputs: Any, numbers: Tensor) -> Any:
    """Return the samples with these numbers."""
    if isinstance(inputs, dict):
        return {name: value[numbers] for name, value in inputs.items()}
    return inputs[numbers]


def set_batch_size(made: Made, size: int, **changes: Any) -> None:
    """Use another batch size for training."""
    made["batch_size"] = size
    if isinstance(made["train"], DataLoader):
        pair = tensors(made["train"])
        made["train"] = like(made["train"], pair, batch_size=size, **changes)
    made.update(changes)


def remake_optimizer(
    made: Made, kind: Any = None, params: Any = None, **changes: Any
) -> None:
    """Replace the optimizer; a schedule of the old one goes with it."""
    old = made["optimizer"]
    settings = dict(old.defaults) if kind is None else {}
    kind = kind or type(old)
    known = inspect.signature(kind.__init__).parameters
    settings = {k: v for k, v in settings.items() if k in known}
    held = params if params is not None else old.param_groups[0]["params"]
    made["optimizer"] = kind(list(held), **{**settings, **changes})
    made.pop("scheduler", None)


def weighted(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the layers that have weights of their own, in order."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if any(p.dim() > 1 for p in module.parameters(recurse=False))
        and not isinstance(module, nn.MultiheadAttention)
    ]


def replace(model: nn.Module, name: str, module: nn.Module) -> None:
    """Put another module in the place of the one with this name."""
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, module)


def matrices(model: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the weights that are not of norms or embeddings."""
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            continue
        for name, parameter in module.named_parameters(recurse=False):
            if "weight" in name and parameter.dim() > 1 and parameter.requires_grad:
                yield parameter


class Headed(nn.Module):
    """A network and one thing more done to what it returns."""

    def __init__(self, network: nn.Module, head: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network = network
        self.head = head

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """Return the changed output."""
        return self.head(self.network(*args, **kwargs))


def add_head(made: Made, head: Callable[[Tensor], Tensor]) -> None:
    """Apply a function to the model's output."""
    made["model"] = Headed(made["model"], head)
