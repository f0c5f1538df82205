"""What a program is like, as far as the choice among remedies depends on it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.updates import Updates
from headway.doctor.program import Program, call_model, main_output
from headway.doctor.remedies.following import peak_lr
from headway.doctor.remedies.losses import LossName
from headway.doctor.remedies.samples import a_batch, all_targets, batch_size_of
from headway.doctor.remedies.tracing import Trace, head_of, hidden_activations, trace
from headway.measure.probe import evaluating

# Adam's rate that suits most small networks, where nothing better is known.
USUAL_LR = 1e-3
USUAL_BATCH = 32
# Whole numbers of more kinds are counts or years rather than classes.
_MOST_CLASSES = 100


@dataclass(frozen=True)
class Situation:
    """A finding and the program that it is about; the program is only looked at.

    Attributes:
        finding: What was found.
        evidence: What was measured.
    """

    finding: Finding
    evidence: Evidence

    @property
    def program(self) -> Program:
        """The instance that is looked at."""
        return self.evidence.program

    @cached_property
    def traced(self) -> Trace | None:
        """The calls of a forward pass, or None where it raises."""
        try:
            return trace(self.program.model, a_batch(self.program)[0])
        except (RuntimeError, ValueError, TypeError, IndexError, KeyError):
            return None

    @property
    def late_bound(self) -> float | None:
        """The norm that the program clips to behind its step, None where it does not."""
        updates: Updates | None = self.evidence.updates
        seen = updates.clipping if updates is not None else None
        if seen is None or not seen.is_late or seen.function != "clip_grad_norm_":
            return None
        return seen.bound

    @cached_property
    def head(self) -> str:
        """Name of the activation behind the last layer, or ""."""
        head = head_of(self.traced) if self.traced else None
        return head.function if head else ""

    @cached_property
    def hidden(self) -> set[str]:
        """Names of the activations between layers."""
        calls = hidden_activations(self.traced) if self.traced else []
        return {call.function for call in calls}

    @cached_property
    def loss_name(self) -> str:
        """Name of the loss in lower-case letters, as a function's or a class's."""
        loss_fn = self.program.loss_fn
        return getattr(loss_fn, "__name__", type(loss_fn).__name__).lower().replace("_", "")

    @cached_property
    def targets(self) -> Tensor:
        """Some targets."""
        return all_targets(self.program, count=4096)

    @cached_property
    def num_outputs(self) -> int:
        """Width of the output."""
        inputs = a_batch(self.program)[0]
        try:
            with evaluating(self.program.model):
                output = main_output(call_model(self.program.model, inputs))
        except (RuntimeError, ValueError, TypeError, IndexError):
            return 0
        return output.shape[-1] if output.dim() > 1 else 1

    @cached_property
    def num_channels(self) -> int:
        """Length of the axis behind the samples, where convolutions have their channels."""
        inputs = a_batch(self.program)[0]
        try:
            with evaluating(self.program.model):
                output = main_output(call_model(self.program.model, inputs))
        except (RuntimeError, ValueError, TypeError, IndexError):
            return 0
        return output.shape[1] if output.dim() > 2 else 0

    @cached_property
    def lacks_outputs(self) -> bool:
        """Whether one output has to say the number of one of several classes."""
        values = self.targets.unique()
        is_whole = bool((values == values.round()).all()) and float(values.min()) >= 0
        is_single = self.num_outputs == 1 or self.num_channels == 1
        return is_single and is_whole and 3 <= len(values) <= _MOST_CLASSES

    @property
    def usual_loss(self) -> LossName:
        """The loss on outputs without a head that such a task is usually trained by."""
        match self.evidence.task.kind:
            case "classes":
                return "cross_entropy"
            case "binary":
                return "cross_entropy" if self.num_outputs == 2 else "bce_with_logits"
            case "multilabel":
                return "bce_with_logits"
            case _:
                return "mse"

    @property
    def has_own_metric(self) -> bool:
        """Whether a metric of the user's own reads the outputs, perhaps as probabilities."""
        return callable(self.program.metric)

    @property
    def lr(self) -> float:
        """The program's own learning rate."""
        return peak_lr(self.program)

    @property
    def best_lr(self) -> float | None:
        """The rate that a sweep found clearly better than the program's own, or None."""
        sweep: Any = self.evidence.sweep
        if sweep is None:
            return None
        lr = float(sweep.best.lr)
        is_new = math.isfinite(lr) and not math.isclose(lr, self.lr, rel_tol=0.3)
        return rounded(lr) if is_new else None

    @property
    def batch_size(self) -> int:
        """Samples of a batch."""
        return batch_size_of(self.program)

    @cached_property
    def batch_norms(self) -> list[Any]:
        """All batch norms of the model."""
        return [m for m in self.program.model.modules() if isinstance(m, _BatchNorm)]

    @cached_property
    def is_half(self) -> bool:
        """Whether weights are in half precision."""
        weights = self.program.model.parameters()
        return any(w.dtype in (torch.float16, torch.bfloat16) for w in weights)

    @property
    def smoothing(self) -> float:
        """Label smoothing of the loss."""
        loss_fn = self.program.loss_fn
        return loss_fn.label_smoothing if isinstance(loss_fn, nn.CrossEntropyLoss) else 0.0

    @property
    def weight_decay(self) -> float:
        """Largest weight decay of the groups."""
        groups = self.program.optimizer.param_groups
        return max(float(group.get("weight_decay", 0.0)) for group in groups)


def rounded(value: float) -> float:
    """Return a number with three digits, as one would write it."""
    return float(f"{value:.3g}")
