"""Runs to evaluate, trained once for all tests."""

from pathlib import Path

import numpy as np
import pytest

import headway

QUICK = ["machine.threads=1", "machine.device=cpu", "precision.mode=off"]


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory) -> Path:
    """A small network that has learned the digits fairly well."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    overrides = [*QUICK, "training.epochs=15", "optimizer.lr=0.01"]
    headway.train("digits", model="mlp", overrides=overrides, out=folder)
    return folder


@pytest.fixture(scope="session")
def houses(tmp_path_factory) -> Path:
    """A table with a number, a word and a price that follows from them."""
    path = tmp_path_factory.mktemp("tables") / "houses.csv"
    generator = np.random.default_rng(0)
    lines = ["rooms,town,price"]
    for _ in range(200):
        rooms, town = generator.integers(1, 9), generator.choice(["north", "south"])
        lines.append(f"{rooms},{town},{1000 * rooms + 5000 * (town == 'south')}.5")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="session")
def houses_run(houses, tmp_path_factory) -> Path:
    """A regression trained on the houses."""
    folder = tmp_path_factory.mktemp("runs") / "houses"
    overrides = [*QUICK, "data.target=price", "training.epochs=30", "optimizer.lr=0.01"]
    headway.train(str(houses), overrides=overrides, out=folder)
    return folder
