"""The embedded set of handwritten digits."""

from typing import Any

import numpy as np

from headway.data.sources.arrays import source_from_arrays
from headway.data.sources.source import Source


def read_digits() -> Source:
    """Return scikit-learn's digits: 1,797 gray images of 8x8, 0..16 stretched to 0..255.

    Reference:
        Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", 1998, UCI Machine
        Learning Repository (its test part, which scikit-learn ships).
    """
    # Slow to import and needed here only.
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    images = np.rint(digits["images"] * (255 / 16)).astype(np.uint8)
    return source_from_arrays("digits", {"train": (images, digits["target"])})
