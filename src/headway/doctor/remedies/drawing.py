"""Random numbers for a remedy that leave those of the program alone."""

import random
from collections.abc import Generator, Iterable
from contextlib import contextmanager

import numpy as np
import torch

from headway.doctor.program import Program


@contextmanager
def drawing(program: Program) -> Generator[None]:
    """Draw inside from the program's seed; all global random states come back afterwards."""
    parameters = program.model.parameters()
    devices = {p.device for p in parameters if p.device.type == "cuda"}
    with states_kept(devices):
        torch.manual_seed(program.seed)
        yield


@contextmanager
def states_kept(devices: Iterable[torch.device] = ()) -> Generator[None]:
    """Put the random states of Python, numpy, torch and these devices back afterwards."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=list(devices)):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
