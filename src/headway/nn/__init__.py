"""Blocks of networks: initialisation and residual connections; pure torch."""

from headway.nn.initialization import initialize_, kaiming_normal_
from headway.nn.residual import BasicBlock, PlainBlock, ShortcutA, ShortcutB, ShortcutC

__all__ = [
    "BasicBlock",
    "PlainBlock",
    "ShortcutA",
    "ShortcutB",
    "ShortcutC",
    "initialize_",
    "kaiming_normal_",
]
