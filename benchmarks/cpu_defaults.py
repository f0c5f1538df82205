"""What each CPU policy of headway is worth against plain torch, alone and together.

Every run is a process of its own, because the allocator policy cannot be undone; the arms
take turns. The loops are bare ones, so that the figures are those of the policies alone.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD
from torchvision.models.resnet import Bottleneck

from headway.engine import Precision, autocast
from headway.engine.linear import onednn_linear
from headway.engine.machine import cpu_flags, keep_freed_memory
from headway.models import build_model
from headway.optim import build_optimizer
from timing import (
    Report,
    Runs,
    Table,
    alternate,
    compare,
    in_child,
    parser,
    seconds_per_call,
)

CPU = torch.device("cpu")
NUM_CLASSES = 10
NOTES = (
    "'plain torch' is float32, NCHW, torch.optim.SGD as it comes, glibc's malloc as it "
    "comes. A speed-up above 1 is faster.",
    "A step is forward, backward and optimizer step on one fixed batch.",
    "Every run of the first tables is a process of its own; the arms take turns.",
    "Errors of the linear layer: largest difference from float64 in outputs and gradients, "
    "as a share of the largest value.",
)
# (rows, in_features, out_features): a small head, a wide layer, a large one.
PRODUCTS = ((128, 256, 256), (512, 1024, 1024), (2048, 512, 2048))


@dataclass(frozen=True, kw_only=True, slots=True)
class Policies:
    """The CPU policies that a run switches on."""

    bf16: bool = False
    channels_last: bool = False
    allocator: bool = False
    fused: bool = False


PLAIN = "plain torch"
ARMS = {
    PLAIN: Policies(),
    "bf16": Policies(bf16=True),
    "channels last": Policies(channels_last=True),
    "bf16, channels last": Policies(bf16=True, channels_last=True),
    "allocator": Policies(allocator=True),
    "fused optimizer": Policies(fused=True),
    "everything": Policies(bf16=True, channels_last=True, allocator=True, fused=True),
    "everything but the allocator": Policies(bf16=True, channels_last=True, fused=True),
}
ALLOCATOR_ARMS = {name: ARMS[name] for name in (PLAIN, "allocator")}


def resnet20() -> tuple[nn.Module, Tensor]:
    """Return ResNet-20 and a batch of 128 for it."""
    model = build_model("resnet-20", input_shape=(3, 32, 32), num_outputs=NUM_CLASSES)
    return model, torch.randn(128, 3, 32, 32)


def bottleneck() -> tuple[nn.Module, Tensor]:
    """Return the first block of ResNet-50's first stage, and a batch of 32 for it."""
    projection = nn.Sequential(nn.Conv2d(64, 256, 1, bias=False), nn.BatchNorm2d(256))
    block = Bottleneck(64, 64, downsample=projection)
    # Inside a network the block also has to give the gradient of its input.
    return block, torch.randn(32, 64, 56, 56, requires_grad=True)


def mlp() -> tuple[nn.Module, Tensor]:
    """Return an MLP and a batch of 128 for it."""
    options = {"hidden": (512, 512)}
    model = build_model("mlp", input_shape=(784,), num_outputs=NUM_CLASSES, options=options)
    return model, torch.randn(128, 784)


def step_seconds(
    make: Callable[[], tuple[nn.Module, Tensor]], on: Policies, steps: int
) -> float:
    """Return the seconds of one training step under some policies."""
    if on.allocator and not keep_freed_memory():
        raise RuntimeError("the allocator policy needs glibc")
    torch.manual_seed(0)
    model, inputs = make()
    if on.channels_last:
        model.to(memory_format=torch.channels_last)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    optimizer = _optimizer(model, fused=on.fused)
    context = autocast(Precision(mode="bf16" if on.bf16 else "off"), CPU)
    targets = torch.randint(NUM_CLASSES, (len(inputs),))

    def step() -> None:
        with context:
            outputs = model(inputs)
            is_network = outputs.ndim == 2
            loss = (
                F.cross_entropy(outputs, targets) if is_network else outputs.square().mean()
            )
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        inputs.grad = None

    return seconds_per_call(step, calls=steps, warmups=2)


def _optimizer(model: nn.Module, *, fused: bool) -> torch.optim.Optimizer:
    settings = {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}
    if fused:
        return build_optimizer(model, name="sgd", exclude_norm_and_bias=False, **settings)
    return SGD(model.parameters(), **settings)


def policy_table(
    title: str,
    make: Callable[[], tuple[nn.Module, Tensor]],
    policies: dict[str, Policies],
    arguments: argparse.Namespace,
    *,
    steps: int,
) -> Table:
    """Measure a network or block under several policies in turn, in child processes."""
    arms = {
        name: partial(in_child, arguments.threads, step_seconds, make, on, steps)
        for name, on in policies.items()
    }
    found = alternate(arms, repeats=arguments.repeats, warmups=0)
    runs = {name: Runs(tuple(values)) for name, values in found.items()}
    return compare(title, runs, base=PLAIN, unit="ms", scale=1e3)


def product_tables(arguments: argparse.Namespace) -> list[Table]:
    """Measure forward and backward of a float32 linear layer, and their errors."""
    tables: list[Table] = []
    ways = {"F.linear": F.linear, "oneDNN": onednn_linear}
    errors = [["rows x in x out", *ways]]
    for rows, wide_in, wide_out in PRODUCTS:
        size = f"{rows} x {wide_in} x {wide_out}"
        tensors = _linear_tensors(rows, wide_in, wide_out)
        calls = max(1, arguments.steps * 2**26 // (rows * wide_in * wide_out))
        arms = {
            name: partial(seconds_per_call, partial(gradients, way, *tensors), calls=calls)
            for name, way in ways.items()
        }
        found = alternate(arms, repeats=arguments.repeats)
        runs = {name: Runs(tuple(values)) for name, values in found.items()}
        title = f"float32 linear layer, forward and backward, {size}"
        tables.append(compare(title, runs, base="F.linear", unit="us", scale=1e6))
        errors.append([size, *(f"{_error(way, tensors):.1e}" for way in ways.values())])
    return [*tables, Table("float32 linear layer, largest relative error", errors)]


def _linear_tensors(rows: int, wide_in: int, wide_out: int) -> tuple[Tensor, ...]:
    """Return inputs, weight, bias and the gradient of the outputs."""
    torch.manual_seed(0)
    shapes = ((rows, wide_in), (wide_out, wide_in), (wide_out,), (rows, wide_out))
    return tuple(torch.randn(shape) for shape in shapes)


def gradients(
    way: Callable[..., Tensor], x: Tensor, weight: Tensor, bias: Tensor, grad: Tensor
) -> tuple[Tensor, ...]:
    """Return outputs and all gradients of a linear layer."""
    leaves = [tensor.detach().requires_grad_() for tensor in (x, weight, bias)]
    outputs = way(*leaves)
    return outputs.detach(), *torch.autograd.grad(outputs, leaves, grad)


def _error(way: Callable[..., Tensor], tensors: tuple[Tensor, ...]) -> float:
    exact = gradients(F.linear, *(tensor.double() for tensor in tensors))
    pairs = zip(gradients(way, *tensors), exact, strict=True)
    return max(float((got - true).abs().max() / true.abs().max()) for got, true in pairs)


def main() -> None:
    """Read the command line, measure and report."""
    command = parser(__doc__, threads=2, repeats=7)
    command.add_argument("--steps", type=int, default=10, help="steps of one run")
    arguments = command.parse_args()
    torch.set_num_threads(arguments.threads)
    native = "has" if cpu_flags() & {"avx512_bf16", "amx_bf16"} else "has not"
    note = f"This processor {native} native bf16."
    report = Report("cpu_defaults", arguments, (*NOTES, note))
    steps = arguments.steps
    for title, make, policies, count in (
        ("ResNet-20, batch 128, 32x32", resnet20, ARMS, steps),
        ("ResNet-50 stage-1 block, batch 32, 56x56", bottleneck, ALLOCATOR_ARMS, steps),
        ("MLP 784-512-512-10, batch 128", mlp, ALLOCATOR_ARMS, 20 * steps),
    ):
        report.add(policy_table(title, make, policies, arguments, steps=count))
    for table in product_tables(arguments):
        report.add(table)


if __name__ == "__main__":
    main()
