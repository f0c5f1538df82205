"""A look at one batch before a run begins, so that a certain mistake costs no training."""

import copy
import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from headway.data import FileLoader
from headway.doctor.checkup import run_checks
from headway.doctor.evidence import Budget
from headway.doctor.examine import examine_batch
from headway.doctor.finding import Finding
from headway.doctor.from_setup import program_of_setup
from headway.doctor.program import Program
from headway.engine import Setup
from headway.errors import InputError

# Larger networks are trained on machines where a plain forward pass of the whole batch
# without any saving of memory is no small thing.
_MOST_MULTIPLY_ADDS = 1e9
_SECONDS = 5.0


def first_findings(setup: Setup, multiply_adds: int | None) -> tuple[Finding, ...]:
    """Return what is certainly wrong with a Setup, as one batch and a few updates show.

    Copies of the network and the optimizer are used up; random states are put back. Large
    networks and data that is read from files are not looked at: that would take long.

    Args:
        setup: Is left as it is.
        multiply_adds: Of one sample; None where it is not known.
    """
    if isinstance(setup.train_data, FileLoader):
        return ()
    if multiply_adds is None or multiply_adds > _MOST_MULTIPLY_ADDS:
        return ()

    def make(seed: int) -> Program:
        # Together, so that the copied optimizer holds the copied parameters.
        model, optimizer = copy.deepcopy((setup.model, setup.optimizer))
        return program_of_setup(replace(setup, model=model, optimizer=optimizer))

    with _random_states_kept():
        try:
            evidence = examine_batch(make, Budget(_SECONDS))
        except InputError:
            return ()  # what cannot be run at all is said by the training itself
    found = run_checks(evidence)
    return tuple(f for f in found if f.severity == "error" and f.is_certain)


@contextmanager
def _random_states_kept() -> Generator[None]:
    python, array = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(array)  # noqa: NPY002
