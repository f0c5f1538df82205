"""How many inputs and outputs a weight has where no layer of torch says so."""

import math

from torch import Tensor

from headway.doctor.remedies.tracing import Call, tensors_in


def glorot_std(call: Call, weight: Tensor) -> float:
    """Return the deviation that Glorot and Bengio draw a weight with.

    Args:
        call: Of the function that multiplies a signal by it.
        weight: A matrix, or several of them along its first axes. What `einsum` sums over are
            its inputs, and what only it has are its outputs: the parts of a head may be any.

    Reference:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010, equation 12.
    """
    fans = _fans_in_einsum(call, weight) or (weight.shape[-2], weight.shape[-1])
    return math.sqrt(2 / sum(fans))


def _fans_in_einsum(call: Call, weight: Tensor) -> tuple[int, int] | None:
    """Return fan_in and fan_out of an operand, None where no equation tells them."""
    equation = call.positional[0] if call.positional else None
    if call.function != "einsum" or not isinstance(equation, str):
        return None
    before, _, output = equation.replace(" ", "").partition("->")
    terms = before.split(",")
    operands = list(tensors_in(call.positional[1:]))
    place = next(n for n, operand in enumerate(operands) if operand is weight)
    if len(terms) != len(operands) or len(terms[place]) != weight.dim():
        return None
    sizes = dict(zip(terms[place], weight.shape, strict=True))
    others = set("".join(terms[:place] + terms[place + 1 :]))
    fan_in = [size for letter, size in sizes.items() if letter not in output]
    fan_out = [size for letter, size in sizes.items() if letter not in others]
    return (math.prod(fan_in), math.prod(fan_out)) if fan_in and output else None
