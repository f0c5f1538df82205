"""Faults in losses, heads and metrics."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutations.edit import (
    Made,
    add_head,
    edited,
    is_classes,
    is_values,
    map_part,
    need,
    tensors,
)


def is_flat_classes(made: Made) -> bool:
    """Whether there is one id for each sample."""
    return is_classes(made) and tensors(made["train"])[1].dim() == 1


def class_loss(loss_fn: Callable[[Tensor, Tensor], Tensor]) -> Any:
    """Use another loss where classes are learned."""

    @edited
    def change(made: Made) -> None:
        need(is_flat_classes(made))
        made["loss_fn"] = loss_fn

    return change


def one_hot(y: Tensor, like: Tensor) -> Tensor:
    """Return ids as rows of zeros and a one."""
    return F.one_hot(y, like.shape[1]).to(like.dtype)


softmax_and_mse = class_loss(lambda o, y: F.mse_loss(o.softmax(1), one_hot(y, o)))
mse_one_hot = class_loss(lambda o, y: F.mse_loss(o, one_hot(y, o)))
l1_one_hot = class_loss(lambda o, y: F.l1_loss(o, one_hot(y, o)))
mse_to_ids = class_loss(lambda o, y: F.mse_loss(o, y[:, None].float().expand_as(o)))
nll_of_logits = class_loss(lambda o, y: F.nll_loss(o, y))
nll_of_softmax = class_loss(lambda o, y: F.nll_loss(o.softmax(1), y))
softmax_of_batch = class_loss(lambda o, y: F.cross_entropy(o.softmax(0), y))
smoothing_098 = class_loss(lambda o, y: F.cross_entropy(o, y, label_smoothing=0.98))
own_softmax = class_loss(
    lambda o, y: (
        -((o * 60).exp() / (o * 60).exp().sum(1, keepdim=True))
        .log()[torch.arange(len(y)), y]
        .mean()
    )
)
log_of_zero = class_loss(
    lambda o, y: -(one_hot(y, o) * (o * 150).softmax(1).log()).sum(1).mean()
)


def head(fn: Callable[[Tensor], Tensor], fits: Callable[[Made], bool]) -> Any:
    """Apply a function to the output."""

    @edited
    def change(made: Made) -> None:
        need(fits(made))
        add_head(made, fn)

    return change


def _is_binary_logits(made: Made) -> bool:
    return isinstance(made["loss_fn"], nn.BCEWithLogitsLoss)


softmax_head = head(nn.Softmax(dim=1), is_classes)
softmax_twice_nll = head(nn.Softmax(dim=1), lambda m: isinstance(m["loss_fn"], nn.NLLLoss))
sigmoid_before_ce = head(nn.Sigmoid(), is_classes)
sigmoid_twice = head(nn.Sigmoid(), _is_binary_logits)
relu_head = head(nn.ReLU(), lambda m: is_classes(m) or is_values(m) or _is_binary_logits(m))
tanh_head = head(nn.Tanh(), is_values)
sigmoid_head = head(nn.Sigmoid(), is_values)
dropout_head = head(nn.Dropout(0.9), lambda m: is_classes(m) or _is_binary_logits(m))


@edited
def bce_of_logits(made: Made) -> None:
    """Ask for probabilities and hand over logits."""
    need(_is_binary_logits(made))
    made["loss_fn"] = nn.BCELoss()


@edited
def softmax_of_one(made: Made) -> None:
    """Take the softmax of a single output: always one."""
    need(_is_binary_logits(made) and tensors(made["train"])[1].shape[-1] == 1)
    add_head(made, nn.Softmax(dim=1))
    made["loss_fn"] = nn.BCELoss()


class Negative:
    """A score where a loss is wanted."""

    def __init__(self, loss_fn: Callable[[Any, Any], Tensor]) -> None:
        self.loss_fn = loss_fn

    def __call__(self, output: Any, target: Any) -> Tensor:
        """Return minus the loss."""
        return -self.loss_fn(output, target)


@edited
def negative_loss(made: Made) -> None:
    """Minimize the score that should be maximized."""
    made["loss_fn"] = Negative(made["loss_fn"])


@edited
def loss_of_sum(made: Made) -> None:
    """Add the losses of a batch up, with a learning rate for their mean."""
    need(isinstance(made["loss_fn"], nn.Module))
    made["loss_fn"] = type(made["loss_fn"])(reduction="sum")


@edited
def broadcast(made: Made) -> None:
    """Compare a column with a row: all with all."""
    x, y = tensors(made["train"])
    need(is_values(made) and x is not y and y.numel() == len(y))

    def other(x: Any, y: Tensor) -> tuple[Any, Tensor]:
        return x, y.squeeze(1) if y.dim() == 2 else y[:, None]

    map_part(made, "train", other)
    map_part(made, "val", other)


@edited
def relative_error(made: Made) -> None:
    """Divide by targets of which some are zero."""
    need(is_values(made))
    made["loss_fn"] = lambda o, t: ((o - t) / t).abs().mean()


@edited
def root_at_zero(made: Made) -> None:
    """Take the root of what is masked to zero: an infinite slope times zero."""
    need(is_values(made))
    made["loss_fn"] = lambda o, t: F.mse_loss(o, t) + ((t - o) * (t > o)).sqrt().mean()


def metric(fn: Callable[[Tensor, Tensor], float]) -> Any:
    """Measure something else where classes are learned."""

    @edited
    def change(made: Made) -> None:
        need(is_flat_classes(made))
        made["metric"] = fn

    return change


metric_as_int = metric(lambda o, y: float(int((o.argmax(1) == y).float().mean())))
metric_of_scores = metric(lambda o, y: float((o.max(1).values == y).float().mean()))
metric_wrong_axis = metric(
    lambda o, y: float((o.argmax(0) == y[: o.shape[1]]).float().mean())
)
