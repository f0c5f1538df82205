"""The seam to torch.distributed: processes, gradients, statistics, whole tensors."""

import gc
import inspect
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]
from torch.nn.parallel import DistributedDataParallel

from headway.data import Shard
from headway.engine.machine import resolve_device
from headway.engine.memory import block_stacks
from headway.engine.options import Distributed, Machine
from headway.errors import HeadwayError
from headway.nn import BatchNorm

T = TypeVar("T")


def local_rank() -> int:
    """Return this process's number on its machine, as torchrun gave it."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def processes_here() -> int:
    """Return how many processes of this run share the machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def join(machine: Machine) -> tuple[torch.device, Shard]:
    """Join the other processes if torchrun started this one.

    Returns:
        The device of this process and its part of every batch.
    """
    device = resolve_device(machine.device, local_rank=local_rank())
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device, shard()


def leave() -> None:
    """Leave the other processes."""
    if dist.is_initialized():
        gc.collect()  # whatever still holds on to the group would outlive it
        dist.destroy_process_group()


def shard() -> Shard:
    """Return which part of every batch belongs to this process."""
    if not dist.is_initialized():
        return Shard()
    return Shard(dist.get_rank(), dist.get_world_size())


def wrap(model: nn.Module, options: Distributed, device: torch.device) -> nn.Module:
    """Return a module that averages gradients over the processes; `model` itself if alone."""
    if not dist.is_initialized():
        return model
    if options.sync_batch_norm:
        model = _share_batch_statistics(model, device)
    if options.strategy == "ddp":
        ids = [device.index] if device.type == "cuda" else None
        # Newer versions of torch call the same setting by another name.
        known = inspect.signature(DistributedDataParallel).parameters
        name = next(n for n in ("forward_sync_buffers", "broadcast_buffers") if n in known)
        settings: dict[str, Any] = {name: not options.sync_batch_norm}
        return DistributedDataParallel(model, device_ids=ids, **settings)
    # Sharding takes half as long to import as torch itself, so it comes where it is used.
    from torch.distributed.fsdp import fully_shard

    for stack in list(block_stacks(model)):
        for block in stack:
            if any(True for _ in block.parameters()):
                fully_shard(block)
    fully_shard(model)  # changes the class of the module in place
    return model


def is_sharded(options: Distributed) -> bool:
    """Whether each process holds only a part of the weights."""
    return options.strategy == "fsdp" and shard().world_size > 1


def accumulating(model: nn.Module, *, is_last: bool) -> AbstractContextManager[Any]:
    """Return a context in which gradients are averaged only for the last micro-batch."""
    set_sync = getattr(model, "set_requires_gradient_sync", None)
    if set_sync is not None:  # the model is sharded
        set_sync(is_last)
    elif isinstance(model, DistributedDataParallel) and not is_last:
        return model.no_sync()
    return nullcontext()


def sum_over_processes(tensors: Iterable[Tensor]) -> None:
    """Add up each tensor over the processes, in place."""
    if dist.is_initialized():
        for tensor in tensors:
            dist.all_reduce(tensor)


def agree_on_largest(values: list[int], device: torch.device) -> list[int]:
    """Return the element-wise largest `values` of all processes."""
    if not dist.is_initialized():
        return values
    tensor = torch.tensor(values, device=device)
    dist.all_reduce(tensor, dist.ReduceOp.MAX)
    return [int(value) for value in tensor.tolist()]


def gather_objects(value: Any) -> list[Any]:
    """Return the `value` of every process, by rank."""
    if not dist.is_initialized():
        return [value]
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values


def on_first_process(action: Callable[[], T]) -> T:
    """Let the first process act; return its result, or raise its error, in every process."""
    if shard().world_size == 1:
        return action()
    result: list[Any] = [None, None]
    if shard().rank == 0:
        try:
            result[0] = action()
        except HeadwayError as error:
            result[1] = error
    dist.broadcast_object_list(result)
    if result[1] is not None:
        raise result[1]
    return result[0]


def barrier() -> None:
    """Wait until every process is here."""
    if dist.is_initialized():
        dist.barrier()


def whole(tree: Any) -> Any:
    """Return `tree` with every sharded tensor put together; all processes must call this."""
    if not dist.is_initialized():
        return tree
    if isinstance(tree, Tensor):
        return cast(Any, tree).full_tensor() if hasattr(tree, "full_tensor") else tree
    if isinstance(tree, dict):
        return {key: whole(value) for key, value in cast(dict[Any, Any], tree).items()}
    if isinstance(tree, list | tuple):
        return [whole(value) for value in cast(list[Any], tree)]
    return tree


def like(value: Tensor, example: Tensor) -> Tensor:
    """Return `value` on the device, in the layout and with the sharding of `example`."""
    if hasattr(example, "device_mesh"):
        from torch.distributed.tensor import DTensor, distribute_tensor

        sharded = cast(DTensor, example)
        value = value.to(sharded.device_mesh.device_type)
        return distribute_tensor(value, sharded.device_mesh, sharded.placements)
    return torch.empty_like(example, dtype=value.dtype).copy_(value)


def _share_batch_statistics(model: nn.Module, device: torch.device) -> nn.Module:
    """Make batch norm use the statistics of the global batch."""
    has_own_form = any(isinstance(module, BatchNorm) for module in model.modules())
    if device.type == "cuda" and not has_own_form:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    # torch's SyncBatchNorm refuses the CPU and knows one form only.
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.forward = partial(_global_batch_norm, module)  # pyright: ignore
    return model


class _Sum(torch.autograd.Function):
    """Sum over the processes; the gradient of a sum is the sum of the gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        total = grads[0].clone()
        dist.all_reduce(total)
        return total


def _sum(x: Tensor) -> Tensor:
    return cast(Tensor, _Sum.apply(x))


def _global_batch_norm(norm: _BatchNorm, x: Tensor) -> Tensor:
    """Batch norm over all processes: y = gamma (x - mean) / sqrt(var + eps) + beta."""
    if not norm.training:
        return type(norm).forward(norm, x)
    dims = [dim for dim in range(x.ndim) if dim != 1]
    shape = [1, -1] + [1] * (x.ndim - 2)
    wide = x.float()
    count = _sum(wide.new_tensor([wide.numel() / wide.shape[1]]))
    mean = _sum(wide.sum(dims)) / count
    centered = wide - mean.view(shape)
    scatter = _sum(centered.square().sum(dims))
    has_form = isinstance(norm, BatchNorm)
    variance = scatter / (count - int(has_form and norm.unbiased))
    running = scatter / (count - int(not has_form or norm.running_unbiased))
    _update_running(norm, mean.detach(), running.detach())
    y = centered * (variance + norm.eps).rsqrt().view(shape)
    if norm.affine:
        y = y * norm.weight.view(shape) + norm.bias.view(shape)
    return y.to(x.dtype)


def _update_running(norm: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    """Move the running statistics towards those of this batch."""
    if norm.running_mean is None or norm.running_var is None:
        return
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked += 1
    momentum = norm.momentum
    if momentum is None:  # a cumulative average
        assert norm.num_batches_tracked is not None
        momentum = 1.0 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), momentum)
    norm.running_var.lerp_(variance.to(norm.running_var.dtype), momentum)
