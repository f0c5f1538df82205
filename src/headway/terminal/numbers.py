"""Numbers as people read them."""

import math
from collections.abc import Iterable

# Shares of the samples; every other metric keeps its own unit.
_SHARES = frozenset({"accuracy", "top5", "top5_error", "exact_match"})
_MAIN = ("bits_per_character", "accuracy", "f1", "r2", "loss")


def count(value: int) -> str:
    """Return a whole number with thousands separators.

    Example:
        >>> count(50000)
        '50,000'
    """
    return f"{value:,}"


def plural(value: int, noun: str) -> str:
    """Return a count with its noun.

    Example:
        >>> plural(1, "epoch"), plural(1200, "step")
        ('1 epoch', '1,200 steps')
    """
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def si(value: int) -> str:
    """Return three digits and an SI prefix; a noun or a unit is to follow.

    Example:
        >>> si(269_722), si(40_551_040), si(842)
        ('270 k', '40.6 M', '842')
    """
    if value < 1000:
        return str(value)
    rounded = float(f"{value:.3g}")
    power = min(4, int(math.log10(rounded) / 3))
    scaled = rounded / 1000**power
    decimals = 2 if scaled < 10 else 1 if scaled < 100 else 0
    return f"{scaled:,.{decimals}f} {' kMGT'[power]}"


def short(value: float) -> str:
    """Return a setting such as a learning rate with three digits.

    Example:
        >>> short(0.1), short(0.09812), short(5e-5)
        ('0.1', '0.0981', '5e-5')
    """
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def decimal(value: float) -> str:
    """Return a measured number with about four digits.

    Example:
        >>> decimal(0.04123), decimal(31.416), decimal(1234567.8), decimal(2e-7)
        ('0.0412', '31.42', '1,234,568', '2e-7')
    """
    size = abs(value)
    if not math.isfinite(value) or size >= 1e9 or size < 1e-3:
        return short(value)
    decimals = 4 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value:,.{decimals}f}"


def percent(share: float, decimals: int = 2) -> str:
    """Return a share of 0..1 in percent.

    Example:
        >>> percent(0.993), percent(0.101, 1)
        ('99.30 %', '10.1 %')
    """
    return f"{100 * share:.{decimals}f} %"


def metric(name: str, value: float) -> str:
    """Return the value of a metric in its unit; `name` comes without its part of the data.

    Example:
        >>> metric("accuracy", 0.972), metric("loss", 0.10217)
        ('97.20 %', '0.1022')
    """
    return percent(value) if name in _SHARES and math.isfinite(value) else decimal(value)


def duration(seconds: float) -> str:
    """Return a time in its two largest units.

    Example:
        >>> duration(4.2), duration(200), duration(3900)
        ('4 s', '3 min 20 s', '1 h 05 min')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02d} min"


def main_first(names: Iterable[str], monitor: str = "") -> list[str]:
    """Return metric names in their order, but the one that says most first.

    Args:
        names: Names without their part of the data.
        monitor: The one that says most, where that is known.

    Example:
        >>> main_first(["loss", "top5", "accuracy"])
        ['accuracy', 'loss', 'top5']
    """
    known = list(dict.fromkeys(names))
    main = next((name for name in (monitor, *_MAIN) if name in known), None)
    return sorted(known, key=lambda name: name != main)
