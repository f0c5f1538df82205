"""One torch thread, checked array shapes, and where the real data lies."""

from pathlib import Path

import jaxtyping
import pytest

jaxtyping.install_import_hook(
    [
        "headway.data",
        "headway.measure",
        "headway.models",
        "headway.nn",
        "headway.optim",
        "headway.tasks",
        "headway.engine",
    ],
    "beartype.beartype",
).__enter__()

import torch  # noqa: E402 - after the hook

torch.set_num_threads(1)

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data sets; the test skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data sets are not at {SHARED_DATA}")
    return SHARED_DATA
