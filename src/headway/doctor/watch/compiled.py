"""What torch.compile has taken over, where hooks and modes would make it compile again."""

import sys
from typing import Any

from torch import nn


def is_compiled(module: nn.Module) -> bool:
    """Whether a module, and so all inside it, runs as compiled code."""
    return (
        type(module).__name__ == "OptimizedModule"
        or getattr(module, "_compiled_call_impl", None) is not None
    )


def has_compiled() -> bool:
    """Whether anything has been compiled in this process."""
    dynamo: Any = sys.modules.get("torch._dynamo.utils")
    return dynamo is not None and dynamo.counters["frames"]["total"] > 0
