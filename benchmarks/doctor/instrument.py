"""Train a program and note what the rules of earlier tools look at."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from training import as_program

from headway.doctor.program import Program, call_model, first_tensor, main_output
from headway.doctor.training import Course, train
from headway.measure.probe import evaluating

_SAMPLES = 256
_BOUNDED = (nn.Sigmoid, nn.Tanh)


@dataclass
class Moment:
    """Numbers of one step, by the name of a parameter or a layer.

    Attributes:
        fraction: How much of the training was done.
        grad_norms: Of weights, in order.
        grad_means: Mean absolute gradient.
        zero_grads: Share of gradient entries that are exactly zero.
        update_ratios: Norm of the change of a weight over its own.
        update_means: Mean absolute change of a weight.
        inactive: Share of outputs of hidden layers and ReLUs that are not positive.
        saturated: Share of inputs of tanh and sigmoid layers beyond 5.
        hidden_size: Largest mean absolute output of a hidden layer.
    """

    fraction: float
    grad_norms: dict[str, float] = field(default_factory=dict)
    grad_means: dict[str, float] = field(default_factory=dict)
    zero_grads: dict[str, float] = field(default_factory=dict)
    update_ratios: dict[str, float] = field(default_factory=dict)
    update_means: dict[str, float] = field(default_factory=dict)
    inactive: dict[str, float] = field(default_factory=dict)
    saturated: dict[str, float] = field(default_factory=dict)
    hidden_size: float = 0.0


@dataclass
class Trace:
    """What was seen of a whole training."""

    program: Program
    course: Course
    moments: list[Moment]
    inputs: Tensor
    targets: Tensor
    output: Tensor
    weight_stds: list[float]
    lr: float

    @property
    def is_lost(self) -> bool:
        """Whether the loss became NaN, or 1,000 and more."""
        losses = self.course.losses
        bad = any(not math.isfinite(loss) or abs(loss) >= 1e3 for loss in losses)
        return bad or self.course.stop in ("diverged", "error")

    def metrics(self, part: str) -> list[float]:
        """Return the metric on "train" or "val" from evaluation to evaluation."""
        scores = [getattr(moment, part) for moment in self.course.evaluations]
        return [s.metric for s in scores if s is not None and math.isfinite(s.metric)]

    def losses(self, part: str) -> list[float]:
        """Return the loss on "train" or "val" from evaluation to evaluation."""
        scores = [getattr(moment, part) for moment in self.course.evaluations]
        return [s.loss for s in scores if s is not None and math.isfinite(s.loss)]


def trace(made: dict[str, Any], seed: int, max_seconds: float) -> Trace:
    """Train a program to its end and return what was seen."""
    program = as_program(made, seed)
    inputs, targets = program.train.first(_SAMPLES)
    stds = [
        float(p.detach().std()) for p in weights(program.model).values() if p.numel() > 1
    ]
    lr = float(program.optimizer.param_groups[0]["lr"])
    with evaluating(program.model):
        output = main_output(call_model(program.model, inputs)).detach().clone()
    watcher = Watcher(program, inputs)
    course = train(
        program,
        evaluations=min(10, program.epochs),
        max_seconds=max_seconds,
        on_step=watcher.on_step,
    )
    first = first_tensor(inputs)
    target = first_tensor(targets)
    return Trace(program, course, watcher.moments, first, target, output, stds, lr)


def weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters of two and more dimensions that want a gradient."""
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.dim() > 1 and parameter.requires_grad
    }


class Watcher:
    """Takes a moment about ten times over a training.

    Args:
        program: Is being trained.
        inputs: What the network is looked at with.
    """

    def __init__(self, program: Program, inputs: Any) -> None:
        self.program = program
        self.inputs = inputs
        self.moments: list[Moment] = []
        self._weights = weights(program.model)
        self._grads: dict[str, Tensor] = {}
        self._before: dict[str, Tensor] = {}
        self._total = program.epochs * program.train.num_batches
        self._every = max(3, self._total // 10)
        self._takes_grads = False
        for name, parameter in self._weights.items():
            parameter.register_hook(self._keeper(name))

    def _keeper(self, name: str) -> Any:
        def keep(grad: Tensor) -> None:
            if self._takes_grads:
                self._grads[name] = grad.detach().clone()

        return keep

    def on_step(self, step: int, inputs: Any, targets: Any, loss: float) -> None:
        """Look at every so-manieth step and at the one before."""
        del inputs, targets, loss
        if step % self._every == self._every - 1:
            self._takes_grads = True
            self._before = {n: p.detach().clone() for n, p in self._weights.items()}
        elif self._takes_grads:
            self._takes_grads = False
            self.moments.append(self._moment(step / self._total))

    def _moment(self, fraction: float) -> Moment:
        moment = Moment(fraction)
        for name, parameter in self._weights.items():
            grad = self._grads.get(name, torch.zeros_like(parameter))
            moment.grad_norms[name] = float(grad.norm())
            moment.grad_means[name] = float(grad.abs().mean())
            moment.zero_grads[name] = float((grad == 0).float().mean())
            change = parameter.detach() - self._before[name]
            size = float(parameter.detach().norm())
            moment.update_ratios[name] = float(change.norm()) / max(size, 1e-12)
            moment.update_means[name] = float(change.abs().mean())
        self._look_at_layers(moment)
        return moment

    def _look_at_layers(self, moment: Moment) -> None:
        model = self.program.model
        layers = [(n, m) for n, m in model.named_modules() if not list(m.children())]
        weighted = [n for n, m in layers if isinstance(m, (nn.Linear, nn.Conv2d))]
        has_relus = any(isinstance(m, nn.ReLU) for _, m in layers)

        def hook(name: str, module: nn.Module) -> Any:
            def look(_: nn.Module, given: Any, out: Any) -> None:
                if not isinstance(out, Tensor) or not out.is_floating_point():
                    return
                if isinstance(module, _BOUNDED) and given:
                    moment.saturated[name] = float((given[0].abs() >= 5).float().mean())
                is_hidden = name in weighted[:-1]
                if isinstance(module, nn.ReLU) or (is_hidden and not has_relus):
                    moment.inactive[name] = float((out <= 0).float().mean())
                if is_hidden:
                    size = float(out.abs().mean())
                    moment.hidden_size = max(moment.hidden_size, size)

            return look

        handles = [m.register_forward_hook(hook(n, m)) for n, m in layers]
        with evaluating(model):
            call_model(model, self.inputs)
        for handle in handles:
            handle.remove()
