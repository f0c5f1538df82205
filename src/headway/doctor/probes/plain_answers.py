"""What a program's loss says about answers that are made up: right, wrong, or always one."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from headway.doctor.calls import DISTANCES, loss_calls
from headway.doctor.program import first_tensor, main_output, with_main
from headway.doctor.task import TaskFacts, class_ids, predicted_ids

# Steps and rate of a descent on the answers themselves: logits get to about 6.
_STEPS = 60
_LR = 0.2
# Right answers as logits are so far from 0.
_SURE = 5.0
# Losses that differ by less than this share of what other answers give are equal.
_EQUAL = 1e-4
# Right answers as probabilities are so far from 0 and 1.
_MARGIN = 0.01
_CANNOT = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError)

# Maps a tensor to a tensor: answers to their loss, or free numbers to answers.
OfTensor = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class LossFacts:
    """What a loss says about answers that are made up for one batch.

    Attributes:
        own: Loss of what the untrained model says.
        constant: Loss of the best constant answer in the form that the loss takes (logits,
            log-probabilities, probabilities or values), NaN where none is known.
        zero: Loss of outputs that are all 0: of logits, an even answer.
        right: Loss of right answers, by form.
        wrong: Loss of wrong answers, by form.
        shifted: Losses of what the untrained model says, all moved up or down alike.
        fit: Accuracy that answers reach which are fitted to the loss one by one, NaN where
            they cannot be.
        silent_levels: Of yes-or-no targets, those that have no gradient at all.
        grad_norm: Size of the gradient by the untrained model's outputs, NaN where none.
        is_grad_finite: Whether it is finite.
    """

    own: float = math.nan
    constant: float = math.nan
    zero: float = math.nan
    right: dict[str, float] = field(default_factory=dict[str, float])
    wrong: dict[str, float] = field(default_factory=dict[str, float])
    shifted: tuple[float, ...] = ()
    fit: float = math.nan
    silent_levels: tuple[float, ...] = ()
    grad_norm: float = math.nan
    is_grad_finite: bool = True

    @property
    def prefers_wrong(self) -> bool:
        """Whether wrong answers have the smaller loss, in each form that it takes."""
        forms = [
            form
            for form, value in self.right.items()
            if math.isfinite(value + self.wrong[form])
        ]
        return bool(forms) and all(
            self.right[form] - self.wrong[form] > self._noise for form in forms
        )

    @property
    def is_same_for_all(self) -> bool:
        """Whether answers that are shifted have the same loss, as where only ranks count."""
        gaps = [abs(loss - self.own) for loss in self.shifted]
        return bool(gaps) and all(gap <= _EQUAL * abs(self.own) for gap in gaps)

    @property
    def _noise(self) -> float:
        """What two losses may differ by that are the same, such as of shifted logits."""
        losses = [self.own, self.zero, *self.right.values(), *self.wrong.values()]
        return _EQUAL * max(
            (abs(loss) for loss in losses if math.isfinite(loss)), default=0.0
        )


def loss_facts(loss_fn: Any, outputs: Any, targets: Any, task: TaskFacts) -> LossFacts:
    """Ask a loss about made-up answers to one batch; the model is not needed for it."""
    output = main_output(outputs).detach().float()

    def ask(answer: Tensor) -> Tensor:
        loss = loss_fn(with_main(outputs, answer), targets)
        return torch.as_tensor(loss).mean()

    with torch.enable_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        gradient = _gradient(ask, output)
        right, wrong = answer_losses(loss_fn, outputs, targets, (targets, task))
        return LossFacts(
            own=_number(ask, output),
            constant=_constant(ask, loss_fn, outputs, targets, task),
            zero=_number(ask, torch.zeros_like(output)),
            right=right,
            wrong=wrong,
            shifted=tuple(
                _number(ask, output + shift) for shift in _shifts(output, targets)
            ),
            fit=_fit(ask, output, targets, task),
            silent_levels=_silent_levels(ask, output, targets, task),
            grad_norm=math.nan if gradient is None else float(gradient.norm()),
            is_grad_finite=gradient is None or bool(gradient.isfinite().all()),
        )


def answer_losses(
    loss_fn: Any, outputs: Any, targets: Any, meant: tuple[Any, TaskFacts]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the losses of right and of wrong answers, each in all forms.

    Args:
        loss_fn: A program's own.
        outputs: Of its model.
        targets: Of the same samples.
        meant: The targets, or the part of them that the main output is for, and its task.
    """

    def ask(answer: Tensor) -> Tensor:
        return torch.as_tensor(loss_fn(with_main(outputs, answer), targets)).mean()

    right, wrong = made_up_answers(outputs, *meant)
    if _has_weights(loss_fn):
        # Which answers are right is then up to weights that are not trained yet.
        return {}, {}
    return (
        {form: _number(ask, answer) for form, answer in right.items()},
        {form: _number(ask, answer) for form, answer in wrong.items()},
    )


def _has_weights(loss_fn: Any) -> bool:
    return isinstance(loss_fn, torch.nn.Module) and any(True for _ in loss_fn.parameters())


def _number(ask: OfTensor, answer: Tensor) -> float:
    try:
        with torch.no_grad():
            return float(ask(answer))
    except _CANNOT:
        return math.nan


def _shifts(output: Tensor, targets: Any) -> tuple[float, float]:
    """Return steps up and down that matter to any loss of distances."""
    size = 1 + float(output.abs().max() + first_tensor(targets).float().abs().max())
    return size, -size


def _gradient(ask: OfTensor, answer: Tensor) -> Tensor | None:
    leaf = answer.clone().requires_grad_()
    try:
        return torch.autograd.grad(ask(leaf), leaf, allow_unused=True)[0]
    except _CANNOT:
        return None


def _truth(output: Tensor, targets: Any, task: TaskFacts) -> Tensor | None:
    """Return right answers as 0 and 1 in the shape of the output, or None."""
    ids = class_ids(task, targets)
    if task.kind == "binary" and ids is not None and ids.numel() == output.numel():
        return ids.clamp(min=0).float().reshape(output.shape)
    if task.kind == "multilabel":
        target = first_tensor(targets)
        if target.shape != output.shape:
            return None
        return (target > sum(task.levels) / 2).float()
    if task.kind != "classes" or ids is None or output.dim() < 2:
        return None
    moved = output.movedim(task.axis, -1)
    width = moved.shape[-1]
    if width < 2 or ids.numel() * width != output.numel():
        return None
    if not bool(((ids >= -1) & (ids < width)).all()):
        return None
    hot = torch.nn.functional.one_hot(ids.clamp(min=0), width).float()
    return hot.reshape(moved.shape).movedim(-1, task.axis)


def _forms(truth: Tensor, task: TaskFacts) -> dict[str, Tensor]:
    """Return answers in all forms that a loss may take."""
    soft = truth.clamp(_MARGIN, 1 - _MARGIN)
    if task.kind == "classes":
        soft = soft / soft.sum(dim=task.axis, keepdim=True)
    low, high = task.levels
    return {
        "logits": (truth * 2 - 1) * _SURE,
        "log-probabilities": soft.log(),
        "probabilities": soft,
        "levels": low + (high - low) * truth,
    }


def made_up_answers(
    outputs: Any, targets: Any, task: TaskFacts
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return right and wrong answers to a batch, each in all forms; none where unknown."""
    output = main_output(outputs).detach().float()
    truth = _truth(output, targets, task)
    if truth is not None:
        is_single = task.kind != "classes"
        other = 1 - truth if is_single else truth.roll(1, dims=task.axis)
        return _forms(truth, task), _forms(other, task)
    target = first_tensor(targets)
    if task.kind != "values" or target.numel() != output.numel() or len(target) < 2:
        return {}, {}
    right = target.float().reshape(output.shape)
    return {"values": right}, {"values": right + 2 * right.std() + 1}


def _constant(
    ask: OfTensor, loss_fn: Any, outputs: Any, targets: Any, task: TaskFacts
) -> float:
    """Return the loss of the best constant answer in the form that torch's loss takes."""
    output = main_output(outputs).detach().float()
    names = {call.name for call in loss_calls(loss_fn, outputs, targets)}
    truth = _truth(output, targets, task)
    target = first_tensor(targets)
    if names and names <= DISTANCES and target.numel() == output.numel():
        values = target.float().reshape(output.shape)
        return _number(ask, values.mean(dim=0, keepdim=True).expand_as(output))
    if truth is None or len(names) != 1:
        return math.nan
    dims = [d for d in range(truth.dim()) if d != task.axis % truth.dim()]
    share = truth.mean(dim=dims if task.kind == "classes" else 0, keepdim=True)
    share = share.clamp(1e-3, 1 - 1e-3).expand_as(output)
    (name,) = names
    if name in ("cross_entropy", "nll_loss"):
        return _number(ask, share.log())
    if name == "binary_cross_entropy_with_logits":
        return _number(ask, share.logit())
    return _number(ask, share) if name == "binary_cross_entropy" else math.nan


def _fit(ask: OfTensor, output: Tensor, targets: Any, task: TaskFacts) -> float:
    """Return the accuracy of answers that descend the loss on their own."""
    truth = class_ids(task, targets)
    if truth is None or _truth(output, targets, task) is None:
        return math.nan
    transforms: tuple[OfTensor, ...] = (
        torch.clone,
        torch.sigmoid,
        partial(torch.log_softmax, dim=task.axis),
    )
    for transform in transforms:
        try:
            fitted = _descend(ask, output, transform)
        except _CANNOT:
            continue
        predicted = predicted_ids(task, fitted)
        if predicted is None or predicted.shape != truth.shape:
            return math.nan
        is_counted = truth >= 0
        return float((predicted == truth)[is_counted].float().mean())
    return math.nan


def _descend(ask: OfTensor, output: Tensor, transform: OfTensor) -> Tensor:
    free = (0.1 * torch.randn_like(output)).requires_grad_()
    optimizer = torch.optim.Adam([free], lr=_LR)
    for _ in range(_STEPS):
        optimizer.zero_grad()
        ask(transform(free)).backward()
        optimizer.step()
    return transform(free).detach()


def _silent_levels(
    ask: OfTensor, output: Tensor, targets: Any, task: TaskFacts
) -> tuple[float, ...]:
    """Return which of no and yes give the outputs no gradient, of small random outputs."""
    truth = _truth(output, targets, task)
    if task.kind != "binary" or truth is None:
        return ()
    gradient = _gradient(ask, 0.1 * torch.randn_like(output))
    if gradient is None or not bool(gradient.abs().sum() > 0):
        return ()
    is_moved = gradient.reshape(truth.shape) != 0
    return tuple(
        level
        for level, which in zip(task.levels, (truth == 0, truth == 1), strict=True)
        if bool(which.any()) and not bool(is_moved[which].any())
    )
