"""An output for each class, where a network says the number of the class itself."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from headway.doctor.calls import Call, Recorder
from headway.doctor.finding import Cause
from headway.doctor.inference import infer_task
from headway.doctor.program import (
    MetricFn,
    Program,
    call_model,
    first_tensor,
    main_output,
)
from headway.doctor.remedies.drawing import drawing
from headway.doctor.remedies.following import adopt_parameters
from headway.doctor.remedies.heads import RemoveHead
from headway.doctor.remedies.losses import LOSSES, check_loss
from headway.doctor.remedies.samples import a_batch, all_targets
from headway.doctor.remedies.tracing import head_of, trace
from headway.doctor.remedies.wrapping import replace_module, with_main
from headway.doctor.scoring import r2
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import device_of, evaluating

# More kinds than this are no classes that someone numbered.
_MOST_CLASSES = 1000
# What a metric calls that takes one output for each class.
_OF_CLASSES = frozenset({"argmax", "max", "topk", "softmax", "log_softmax"})


@dataclass(frozen=True)
class OutputPerClass:
    """Give the network one output for each class, and train it by cross-entropy.

    A metric that reads numbers of classes, the program's own or R2, goes on to get them.

    Attributes:
        num_classes: Outputs; 0 for one more than the largest number among the targets.
    """

    cause: ClassVar[Cause] = "loss_mismatch"
    num_classes: int = 0

    def apply(self, program: Program) -> Program:
        """Return the program with a wider last layer and the loss that suits it."""
        count = self.num_classes or _num_classes(all_targets(program))
        if head_of(trace(program.model, a_batch(program)[0])) is not None:
            program = RemoveHead().apply(program)
        before = _output(program)
        with drawing(program):
            program = _with_outputs(program, count)
        after = _output(program)
        if after.numel() != before.numel() * count:
            raise RemedyDoesNotFit("the forward pass counts on the old number of outputs")
        metric = _metric_of_numbers(program, before)
        program = replace(program, loss_fn=LOSSES["cross_entropy"]())
        check_loss(program)
        if metric is None:
            return program
        axis = 1 if after.shape[1] == count else -1
        is_kept = before.dim() == after.dim()
        return replace(program, metric=_OfNumbers(metric, axis, is_kept=is_kept))

    def describe(self) -> str:
        """Return what changes."""
        outputs = f"{self.num_classes} outputs, one for each class" * bool(self.num_classes)
        return (
            f"Give the network {outputs or 'an output for each class'}, and cross-entropy."
        )

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        count = self.num_classes or "num_classes"
        return (
            f"self.last = nn.Linear(in_features, {count})  # or nn.Conv2d(..., {count}, 1)\n"
            "loss_fn = nn.CrossEntropyLoss()  # targets int64, without a channel of their own\n"
            "said = output.argmax(dim=1)  # the class"
        )


def _num_classes(targets: Tensor) -> int:
    low, high = float(targets.min()), float(targets.max())
    if low < 0 or high < 2 or not bool((targets == targets.round()).all()):
        raise RemedyDoesNotFit("the targets are no numbers of classes")
    if high >= _MOST_CLASSES:
        raise RemedyDoesNotFit(f"{high:g} classes are too many")
    return int(high) + 1


def _output(program: Program) -> Tensor:
    inputs, _ = a_batch(program)
    with evaluating(program.model):
        return main_output(call_model(program.model, inputs))


def _with_outputs(program: Program, count: int) -> Program:
    """Return the program whose last layer has so many outputs, drawn anew."""
    traced = trace(program.model, a_batch(program)[0])
    weighted = [call for call in traced.calls if traced.is_weighted(call)]
    layer: Any = weighted[-1].module if weighted else None
    bias = getattr(layer, "bias", None) is not None
    if isinstance(layer, nn.Linear) and layer.out_features == 1:
        new: nn.Module = nn.Linear(layer.in_features, count, bias=bias)
    elif isinstance(layer, (nn.Conv1d, nn.Conv2d)) and layer.out_channels == 1:
        new = type(layer)(
            layer.in_channels,
            count,
            layer.kernel_size,  # pyright: ignore
            stride=layer.stride,  # pyright: ignore
            padding=layer.padding,  # pyright: ignore
            dilation=layer.dilation,  # pyright: ignore
            bias=bias,
        )
    else:
        raise RemedyDoesNotFit("the last layer has not one output")
    new = new.to(device_of(layer), layer.weight.dtype).train(layer.training)
    model = replace_module(program.model, layer, new)
    changed = replace(program, model=model)
    adopt_parameters(changed, new.parameters(), instead=layer.parameters())
    return changed


def _metric_of_numbers(program: Program, output: Tensor) -> MetricFn | None:
    """Return what judges the numbers that a network says, None where it takes classes."""
    if callable(program.metric):
        return None if _reads_classes(program, output) else program.metric
    inputs, targets = a_batch(program)
    task = infer_task(inputs, output, targets, program.loss_fn)
    is_of_values = program.metric == "r2" or (not program.metric and task.kind == "values")
    return _r2 if is_of_values else None


def _r2(outputs: Any, targets: Any) -> float:
    target = first_tensor(targets)
    return r2(main_output(outputs).reshape(target.shape), target)


def _reads_classes(program: Program, output: Tensor) -> bool:
    """Whether the program's metric takes one output for each class already."""
    names: set[str] = set()

    def note(call: Call) -> None:
        names.add(call.name)

    assert callable(program.metric)
    _, targets = a_batch(program)
    try:
        with torch.no_grad(), Recorder(note):
            program.metric(output, targets)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, KeyError):
        return True
    return bool(names & _OF_CLASSES)


@dataclass(frozen=True)
class _OfNumbers:
    """A metric that gets the number of the likeliest class."""

    metric: MetricFn
    axis: int
    is_kept: bool

    def __call__(self, outputs: Any, targets: Any) -> float:
        output = main_output(outputs)
        said = output.argmax(dim=self.axis, keepdim=self.is_kept).to(output.dtype)
        return self.metric(with_main(outputs, said), targets)
