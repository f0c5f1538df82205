"""Remedies that normalize between layers, or change how that is done."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.doctor.remedies.following import adopt_parameters
from headway.doctor.remedies.samples import a_batch, batch_size_of
from headway.doctor.remedies.torch_names import CONVOLUTIONS, NORMS
from headway.doctor.remedies.tracing import Call, Trace, trace
from headway.doctor.remedies.wrapping import Followed, replace_module
from headway.errors import RemedyDoesNotFit
from headway.measure.probe import device_of

NormName = Literal["auto", "batch", "layer"]

# Below this many samples the statistics of a batch are too rough to train by.
_SMALLEST_BATCH = 16
_NORMAL_MOMENTUM = 0.1


@dataclass(frozen=True)
class InsertNormalization:
    """Normalize behind each hidden layer that has no norm behind it.

    Attributes:
        norm: "batch", "layer" (group norm for convolutions), or "auto": batch norm where
            batches hold at least 16 samples.

    Reference:
        Ioffe and Szegedy, "Batch Normalization", 2015. arXiv:1502.03167; Ba et al., "Layer
        Normalization", 2016. arXiv:1607.06450; Wu and He, "Group Normalization", 2018.
        arXiv:1803.08494.
    """

    cause: ClassVar[Cause] = "normalization"
    norm: NormName = "auto"

    def apply(self, program: Program) -> Program:
        """Return the program with norms between its layers."""
        traced = trace(program.model, a_batch(program)[0])
        calls = [call for call in traced.calls if _lacks_norm(traced, call)]
        if not calls:
            raise RemedyDoesNotFit("no hidden layer without a norm behind it was found")
        is_batch = self.norm == "batch" or (
            self.norm == "auto" and batch_size_of(program) >= _SMALLEST_BATCH
        )
        for call in calls:
            layer = call.module
            norm = _norm_for(call, is_batch=is_batch).to(device_of(layer))
            replace_module(program.model, layer, Followed(layer, norm))
            adopt_parameters(program, norm.parameters(), instead=layer.parameters())
        return program

    def describe(self) -> str:
        """Return what changes."""
        name = {"batch": "batch norm", "layer": "layer norm", "auto": "batch norm"}
        return f"Put {name[self.norm]} between each hidden layer and its activation."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        if self.norm == "layer":
            return (
                "nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU(),\n"
                "nn.Conv2d(c, d, 3), nn.GroupNorm(8, d), nn.ReLU(),"
            )
        return (
            "nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(),\n"
            "nn.Conv2d(c, d, 3), nn.BatchNorm2d(d), nn.ReLU(),"
        )


@dataclass(frozen=True)
class GroupNormForBatchNorm:
    """Replace each batch norm by a group norm, which needs no batch.

    Attributes:
        num_groups: Groups of channels at most; as many of them as divide the channels.

    Reference:
        Wu and He, "Group Normalization", 2018. arXiv:1803.08494.
    """

    cause: ClassVar[Cause] = "normalization"
    num_groups: int = 8

    def apply(self, program: Program) -> Program:
        """Return the program with group norms."""
        norms = _batch_norms(program.model)
        if not norms:
            raise RemedyDoesNotFit("the model has no batch norm")
        for norm in norms:
            groups = _divisor(norm.num_features, self.num_groups)
            new = nn.GroupNorm(groups, norm.num_features, eps=norm.eps, affine=norm.affine)
            new = new.to(device_of(program.model)).train(norm.training)
            for mine, other in zip(new.parameters(), norm.parameters(), strict=True):
                mine.data.copy_(other.data)
                mine.requires_grad_(other.requires_grad)
            replace_module(program.model, norm, new)
            adopt_parameters(program, new.parameters(), instead=norm.parameters())
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Replace batch norm by group norm, which does not depend on the batch."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        new = f"nn.GroupNorm({self.num_groups}, channels)"
        return f"{new}  # instead of nn.BatchNorm2d(channels)"


@dataclass(frozen=True)
class UnfreezeBatchNorm:
    """Let batch norms normalize by their batch and keep statistics of it."""

    cause: ClassVar[Cause] = "normalization"

    def apply(self, program: Program) -> Program:
        """Return the program with batch norms in training mode."""
        frozen = [norm for norm in _batch_norms(program.model) if not norm.training]
        if not frozen:
            raise RemedyDoesNotFit("no batch norm is in evaluation mode")
        for norm in frozen:
            norm.train()
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Train with batch norms in training mode."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "model.train()  # batch norms too: no module.eval() on them afterwards"


@dataclass(frozen=True)
class SetBatchNormMomentum:
    """Give the running statistics of batch norms another momentum.

    Attributes:
        momentum: Share of the newest batch, torch's usual 0.1.
    """

    cause: ClassVar[Cause] = "normalization"
    momentum: float = _NORMAL_MOMENTUM

    def apply(self, program: Program) -> Program:
        """Return the program with the new momentum, and running statistics kept."""
        changed = False
        for norm in _batch_norms(program.model):
            changed = changed or norm.momentum != self.momentum
            norm.momentum = self.momentum
            if not norm.track_running_stats:
                changed = True
                _track_statistics_(norm)
        if not changed:
            raise RemedyDoesNotFit(
                f"no batch norm has another momentum than {self.momentum:g}"
            )
        return program

    def describe(self) -> str:
        """Return what changes."""
        return f"Set the momentum of the batch norms to {self.momentum:g}."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return f"nn.BatchNorm2d(channels, momentum={self.momentum:g})"


def _track_statistics_(norm: Any) -> None:
    """Make a norm without running statistics keep them from now on."""
    new = type(norm)(norm.num_features, device=device_of(norm))
    norm.track_running_stats = True
    for name, value in new.named_buffers():
        setattr(norm, name, value)


def _batch_norms(model: nn.Module) -> list[_BatchNorm]:
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def _lacks_norm(traced: Trace, call: Call) -> bool:
    """Return whether a call is that of a hidden layer without a norm behind it."""
    is_layer = isinstance(call.module, nn.Linear) or call.function in CONVOLUTIONS
    if not is_layer or not traced.is_weighted(call) or call.module.__class__ is nn.Module:
        return False
    if any(True for _ in call.module.children()) or traced.is_repeated(call):
        return False
    return (
        traced.leads_to_weights(call)
        and not traced.is_factor(call)
        and not any(user.function in NORMS for user in traced.users(call))
    )


def _norm_for(call: Call, *, is_batch: bool) -> nn.Module:
    output = call.outputs[0]
    if call.function not in CONVOLUTIONS:
        if is_batch and output.dim() == 2:
            return nn.BatchNorm1d(output.shape[-1])
        return nn.LayerNorm(output.shape[-1])
    channels = output.shape[1]
    if not is_batch:
        return nn.GroupNorm(_divisor(channels, 8), channels)
    kinds = {3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    return kinds[output.dim()](channels)


def _divisor(count: int, most: int) -> int:
    """Return the largest divisor of `count` that is at most `most`."""
    return max(n for n in range(1, most + 1) if count % n == 0)
