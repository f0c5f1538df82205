"""How a run uses the machine: device, CPU threads, memory allocator, determinism."""

import ctypes
import os
import platform
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from headway.engine.options import Machine
from headway.errors import InputError

# glibc's mallopt parameters and the largest value an int holds (malloc.h).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGEST = 2**30


def resolve_device(name: str, *, local_rank: int = 0) -> torch.device:
    """Return the device that `name` means; "auto" is a GPU where there is one.

    Args:
        name: "auto", "cpu", "cuda" or "cuda:INDEX".
        local_rank: Number of this process on its machine, which is its GPU's number.

    Raises:
        InputError: If the device is unknown or absent.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if re.fullmatch(r"cpu|cuda(:\d+)?", name) is None:
        raise InputError(
            f"machine.device must be auto, cpu, cuda or cuda:INDEX, got {name!r}"
        )
    if name == "cpu":
        return torch.device(name)
    device = torch.device(name) if ":" in name else torch.device("cuda", local_rank)
    _check_gpu(name, device.index)
    return device


def _check_gpu(name: str, index: int) -> None:
    number = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if number == 0:
        raise InputError(
            f"machine.device is {name!r} but torch sees no GPU here; "
            "use --set machine.device=cpu"
        )
    if index >= number:
        raise InputError(
            f"machine.device {name!r} of this process is GPU {index}, and torch sees "
            f"{number} here, counted from 0; use a smaller number, or start fewer processes"
        )


def cpu_flags() -> frozenset[str]:
    """Return the instruction-set flags of the processor; empty where Linux is absent."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    for line in text.splitlines():
        if line.startswith("flags"):
            return frozenset(line.split(":", 1)[1].split())
    return frozenset()


def is_amd() -> bool:
    """Whether the processor is AMD's, where torch's default float32 product is slow."""
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def has_native_bf16(device: torch.device) -> bool:
    """Whether `device` multiplies bfloat16 in hardware instead of emulating it."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return bool(cpu_flags() & {"avx512_bf16", "amx_bf16"})
    return False


def free_cores(*, sample_seconds: float = 0.05, processes: int = 1) -> int:
    """Return how many cores one of `processes` equal processes can have to itself.

    One foreign process that keeps a core busy makes steps that count on that core several
    times slower, because every parallel region waits for its slowest thread.

    Args:
        sample_seconds: How long the cores are watched.
        processes: Processes of this run on this machine.
    """
    allowed = _allowed_cores()
    busy = _busy_cores(sample_seconds)
    return max(1, int(allowed - busy + 0.5) // processes)


def _allowed_cores() -> float:
    """Return the cores that affinity and the control group leave to this process."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = float(len(affinity(0)) if affinity else os.cpu_count() or 1)
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else min(cores, float(quota) / float(period))


def _busy_cores(seconds: float) -> float:
    """Return how many cores were at work while this process slept for `seconds`."""
    before = _cpu_ticks()
    if before is None:
        return 0.0
    time.sleep(seconds)
    after = _cpu_ticks()
    assert after is not None
    total = after[0] - before[0]
    return (after[1] - before[1]) / total * (os.cpu_count() or 1) if total else 0.0


def _cpu_ticks() -> tuple[int, int] | None:
    """Return (all, busy) clock ticks of all cores since boot."""
    try:
        first = Path("/proc/stat").read_text().split("\n", 1)[0]
    except OSError:
        return None
    ticks = [int(value) for value in first.split()[1:9]]
    idle = ticks[3] + ticks[4]  # idle and waiting for the disk
    return sum(ticks), sum(ticks) - idle


def keep_freed_memory() -> bool:
    """Let glibc keep freed memory; return whether it agreed.

    By default glibc returns every block above 32 MiB to the system and takes page faults to
    get it back, at each layer of each step. The process stays at its peak size instead.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(
        mallopt(_M_MMAP_THRESHOLD, _LARGEST) and mallopt(_M_TRIM_THRESHOLD, _LARGEST)
    )


def resolve_machine(
    machine: Machine, device: torch.device, *, mode: str, processes: int = 1
) -> Machine:
    """Replace every "auto" by what this machine calls for.

    Args:
        machine: Settings as given.
        device: Device of the run.
        mode: Resolved precision; only "off" multiplies in float32.
        processes: Processes of this run on this machine.
    """
    threads = machine.threads
    if threads == "auto":
        threads = free_cores(processes=processes)
    onednn_linear = machine.onednn_linear
    if onednn_linear == "auto":
        onednn_linear = device.type == "cpu" and mode == "off" and is_amd()
    return replace(machine, threads=threads, onednn_linear=onednn_linear)


@contextmanager
def machine_settings(machine: Machine) -> Generator[None]:
    """Apply thread count, allocator and determinism; put back what torch lets us put back."""
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    if machine.allocator:
        keep_freed_memory()
    if machine.threads != "auto":
        torch.set_num_threads(machine.threads)
    if machine.deterministic:
        # cuBLAS reads it when it first multiplies; without it torch refuses the product.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(machine.deterministic or deterministic)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
