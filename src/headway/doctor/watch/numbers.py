"""Numbers on a device, read later so that nobody waits for it."""

from collections import defaultdict

import torch
from torch import Tensor


class Numbers:
    """Collects scalars where they are, copies them all at once, and reads them afterwards.

    Example:
        >>> numbers = Numbers()
        >>> place = numbers.add(torch.tensor(2.5))
        >>> numbers.send()
        >>> numbers.read()[place]
        2.5
    """

    def __init__(self) -> None:
        self._values: list[Tensor] = []
        self._copies: list[tuple[list[int], Tensor]] = []
        self._events: list[torch.cuda.Event] = []

    def add(self, value: Tensor) -> int:
        """Take a scalar and return its place among those that are read."""
        self._values.append(value)
        return len(self._values) - 1

    def send(self) -> None:
        """Begin to copy what was collected."""
        places: defaultdict[torch.device, list[int]] = defaultdict(list)
        for place, value in enumerate(self._values):
            places[value.device].append(place)
        for device, chosen in places.items():
            stacked = torch.stack([self._values[place].float() for place in chosen])
            self._copies.append((chosen, self._copied(stacked, device)))

    @property
    def is_here(self) -> bool:
        """Whether reading does not wait."""
        return all(event.query() for event in self._events)

    def read(self) -> list[float]:
        """Return all scalars, in the order in which they were added."""
        for event in self._events:
            event.synchronize()
        values = [0.0] * len(self._values)
        for places, copy in self._copies:
            for place, value in zip(places, copy.tolist(), strict=True):
                values[place] = value
        return values

    def _copied(self, values: Tensor, device: torch.device) -> Tensor:
        if device.type != "cuda":
            return values
        host = torch.empty(len(values), pin_memory=True)
        host.copy_(values, non_blocking=True)
        event = torch.cuda.Event()
        event.record(torch.cuda.current_stream(device))
        self._events.append(event)
        return host
