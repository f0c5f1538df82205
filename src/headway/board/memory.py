"""Keeping what was read last, up to a number of bytes."""

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something that takes memory."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes now."""
        ...


T = TypeVar("T", bound=Sized)


class Memory(Generic[T]):
    """Keeps objects by key and lets go of those that were used longest ago.

    Args:
        limit_bytes: How much all may take. The one used last is kept whatever it takes.

    Attributes:
        nbytes: How much all take.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._kept: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self.nbytes = 0

    def find(self, key: str) -> T | None:
        """Return the object of a key if it is kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: str, value: T) -> T:
        """Keep an object, also one that is kept and has grown, and return it."""
        self._drop(key)
        size = value.nbytes
        self._kept[key] = (value, size)
        self.nbytes += size
        while self.nbytes > self._limit and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))
        return value

    def _drop(self, key: str) -> None:
        if key in self._kept:
            self.nbytes -= self._kept.pop(key)[1]

    def __len__(self) -> int:
        return len(self._kept)
