"""Seeds of torch's generators, as a function of the run's seed and the position."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

_MASK = (1 << 64) - 1


def mix(*values: int) -> int:
    """Return 64 well-mixed bits that depend on every value and on their order.

    Reference:
        Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014.
    """
    state = 0
    for value in values:
        state = (state + value + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def seed_weights(seed: int) -> None:
    """Seed torch for the making of a network; the same in every process."""
    torch.manual_seed(mix(seed))


def generators(device: torch.device) -> list[torch.Generator]:
    """Return torch's own generators that a training step may draw from."""
    found = [torch.default_generator]
    if device.type == "cuda":
        found.append(torch.cuda.default_generators[device.index or 0])
    return found


def python_and_numpy_state() -> dict[str, Any]:
    """Return the state of the generators that a user's own module may draw from."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002
    version, internal, gauss_next = random.getstate()
    return {
        "numpy": [str(name), torch.from_numpy(np.asarray(keys)).to(torch.int64)],
        "numpy_rest": [int(position), int(has_gauss), float(gauss)],
        "python": [version, torch.tensor(internal, dtype=torch.int64), gauss_next],
    }


def restore_python_and_numpy(state: dict[str, Any]) -> None:
    """Put back what `python_and_numpy_state` returned."""
    name, keys = state["numpy"]
    rest: Sequence[Any] = state["numpy_rest"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(internal.tolist()), gauss_next))
