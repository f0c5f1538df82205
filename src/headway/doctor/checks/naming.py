"""Names of several layers in few words."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return the first names, and how many more there are."""
    shown = [name or "the model itself" for name in dict.fromkeys(names)]
    if len(shown) <= most + 1:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} others"
