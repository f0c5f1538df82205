"""The page that a training leaves."""

import warnings
from pathlib import Path

import headway
from headway.board import write_report
from headway.runs import REPORT


def write_page(folder: Path) -> Path | None:
    """Write the run in `folder` as one page and return where it lies.

    A training that went well does not fail by its page: where it cannot be written, a warning
    says why.

    Args:
        folder: Folder of the run.
    """
    path = folder / REPORT
    try:
        write_report([folder], path, version=headway.__version__)
    except Exception as error:
        warnings.warn(
            f"no page was made of {folder}: {error} Try again with `headway report {folder}`.",
            stacklevel=2,
        )
        return None
    return path
