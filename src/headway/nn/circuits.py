"""Boolean circuits as networks of sigmoid units: what a network can express.

A unit with large weights is a gate: its output is close to 0 or 1 whenever its inputs are, so
that gates of gates compute what the circuit computes. Whether gradient descent finds such
weights is another question.
"""

import ast
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Union

import torch
from torch import nn

# What makes the sigmoid of half of it differ from 1 by 2e-22.
_GAIN = 100.0


@dataclass(frozen=True)
class Var:
    """An input of a circuit.

    Attributes:
        name: Which input.
    """

    name: str


@dataclass(frozen=True)
class Not:
    """True where its operand is not: s(100 (1 - P) - 50)."""

    operand: "Expression"


@dataclass(frozen=True)
class And:
    """True where both operands are: s(100 P + 100 Q - 150)."""

    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Or:
    """True where one operand is, or both: s(100 P + 100 Q - 50)."""

    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Xor:
    """True where the operands differ: AND(OR(P, Q), NOT(AND(P, Q))), three layers of gates."""

    left: "Expression"
    right: "Expression"


Expression = Union[Var, Not, And, Or, Xor]  # noqa: UP007 - its classes come before it


def parse_expression(text: str) -> Expression:
    """Read an expression such as "(p and not q) or (p ^ r)"; nothing in it is executed.

    Args:
        text: Names joined by and, or, not, the signs &, |, ~ and ^, and parentheses.

    Raises:
        ValueError: If `text` holds anything else.

    Example:
        >>> parse_expression("p and not q")
        And(left=Var(name='p'), right=Not(operand=Var(name='q')))
    """
    try:
        return _from_ast(ast.parse(text, mode="eval").body)
    except SyntaxError:
        raise ValueError(f"{text!r} is not an expression of and, or, not and ^") from None


def compile_circuit(
    outputs: str | Expression | Sequence[str | Expression],
    *,
    inputs: Sequence[str] | None = None,
) -> nn.Sequential:
    """Return a network of sigmoid layers that computes boolean expressions.

    Each layer holds all gates of one depth, each of them one sigmoid unit; a value that a
    later layer needs passes through s(100 P - 50), a NOT of a NOT. A gate mends noise: inputs
    less than 1/4 away from 0 or 1 (1/2 for NOT) give an output much closer to it, so that
    errors do not grow from layer to layer.

    Args:
        outputs: An expression, as text or as objects, or one for each output.
        inputs: Names of the inputs in their order; in the order of the alphabet where None.

    Returns:
        Linear and sigmoid layers by turns, in float64.

    Raises:
        ValueError: If an expression is none, or names an input that is not among `inputs`.

    Reference:
        McAllester, "Fundamentals of Deep Learning" (TTIC 31230), 2020, lecture on
        trainability, "The Expressive Power of DNNs".

    Example:
        >>> network = compile_circuit("p and not q")
        >>> network(torch.tensor([[1.0, 0.0], [1.0, 1.0]]).double()).round().tolist()
        [[1.0], [0.0]]
    """
    several = [outputs] if isinstance(outputs, str | Expression) else outputs
    wanted = [
        _gates_only(parse_expression(e) if isinstance(e, str) else e) for e in several
    ]
    found = {name for expression in wanted for name in _names(expression)}
    names = sorted(found) if inputs is None else list(inputs)
    if unknown := sorted(found - set(names)):
        raise ValueError(f"unknown input {unknown[0]!r}; the inputs are {', '.join(names)}")
    return nn.Sequential(*_layers(wanted, [Var(name) for name in names]))


def adder(num_bits: int) -> nn.Sequential:
    """Return a network that adds two numbers of `num_bits` bits, lowest bit first.

    A ripple-carry adder: sum = a ^ b ^ carry, carry = (a and b) or (carry and (a ^ b)).

    Args:
        num_bits: Bits of each number; inputs are a_0, ..., then b_0, ...

    Returns:
        A network with 2 * `num_bits` inputs and `num_bits` + 1 outputs.

    Raises:
        ValueError: If `num_bits` is below 1.

    Example:
        >>> one_plus_three = torch.tensor([[1.0, 0.0, 1.0, 1.0]]).double()
        >>> adder(2)(one_plus_three).round().tolist()
        [[0.0, 0.0, 1.0]]
    """
    _check_bits(num_bits)
    a, b = ([Var(f"{name}{i}") for i in range(num_bits)] for name in "ab")
    sums: list[Expression] = [Xor(a[0], b[0])]
    carry: Expression = And(a[0], b[0])
    for p, q in zip(a[1:], b[1:], strict=True):
        sums.append(Xor(Xor(p, q), carry))
        carry = Or(And(p, q), And(carry, Xor(p, q)))
    return compile_circuit([*sums, carry], inputs=[v.name for v in (*a, *b)])


def parity(num_bits: int) -> nn.Sequential:
    """Return a network that tells whether an odd number of its inputs is true.

    A tree of XOR gates: about 3 log2(`num_bits`) layers.

    Args:
        num_bits: Inputs.

    Raises:
        ValueError: If `num_bits` is below 1.

    Example:
        >>> parity(3)(torch.tensor([[1.0, 1.0, 1.0]]).double()).round().tolist()
        [[1.0]]
    """
    _check_bits(num_bits)
    names = [f"x{i:03d}" for i in range(num_bits)]
    level: list[Expression] = [Var(name) for name in names]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [Xor(p, q) for p, q in pairs] + level[len(level) // 2 * 2 :]
    return compile_circuit(level[0], inputs=names)


def _check_bits(num_bits: int) -> None:
    if num_bits < 1:
        raise ValueError(f"num_bits must be at least 1, got {num_bits}")


_Gate = Callable[["Expression", "Expression"], "Expression"]
_BINARY: dict[type[ast.AST], _Gate] = {
    ast.And: And,
    ast.BitAnd: And,
    ast.Or: Or,
    ast.BitOr: Or,
    ast.BitXor: Xor,
}


def _from_ast(node: ast.expr) -> Expression:
    match node:
        case ast.Name(id=name):
            return Var(name)
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return Not(_from_ast(operand))
        case ast.BoolOp(op=operator, values=values):
            return reduce(_BINARY[type(operator)], map(_from_ast, values))
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.BitXor() as operator):
            return _BINARY[type(operator)](_from_ast(node.left), _from_ast(node.right))
        case _:
            raise ValueError(
                f"{ast.unparse(node)!r} is not an expression of and, or, not and ^"
            )


def _gates_only(expression: Expression) -> Expression:
    """Replace every XOR, which no single unit computes, by gates."""
    match expression:
        case Var():
            return expression
        case Not(operand):
            return Not(_gates_only(operand))
        case Xor(left, right):
            p, q = _gates_only(left), _gates_only(right)
            return And(Or(p, q), Not(And(p, q)))
        case And(left, right) | Or(left, right):
            return type(expression)(_gates_only(left), _gates_only(right))


def _operands(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Var():
            return ()
        case Not(operand):
            return (operand,)
        case And(left, right) | Or(left, right) | Xor(left, right):
            return (left, right)


def _names(expression: Expression) -> set[str]:
    if isinstance(expression, Var):
        return {expression.name}
    return {name for operand in _operands(expression) for name in _names(operand)}


def _depth(expression: Expression) -> int:
    return max((1 + _depth(operand) for operand in _operands(expression)), default=0)


def _layers(wanted: list[Expression], inputs: list[Var]) -> list[nn.Module]:
    """Return the layers of gates, found from the last one back to the first."""
    layers: list[nn.Module] = []
    needed = wanted
    for depth in range(max(1, *map(_depth, wanted)), 0, -1):
        units = [_unit(e, is_gate=_depth(e) == depth) for e in needed]
        operands = list(dict.fromkeys(e for weights, _ in units for e in weights))
        before = [*inputs] if depth == 1 else operands
        layers = [_linear(units, before), nn.Sigmoid(), *layers]
        needed = before
    return layers


def _unit(expression: Expression, *, is_gate: bool) -> tuple[Counter[Expression], float]:
    """Return the weight of each operand and the bias, as multiples of 100."""
    match expression:
        case Not(operand) if is_gate:
            return Counter({operand: -1}), 0.5
        case And(left, right) if is_gate:
            return Counter([left, right]), -1.5
        case Or(left, right) if is_gate:
            return Counter([left, right]), -0.5
        case _:  # a value that a later layer needs
            return Counter([expression]), -0.5


@torch.no_grad()
def _linear(
    units: list[tuple[Counter[Expression], float]], inputs: Sequence[Expression]
) -> nn.Linear:
    layer = nn.Linear(len(inputs), len(units), dtype=torch.float64)
    weights = [[weights[source] for source in inputs] for weights, _ in units]
    layer.weight.copy_(_GAIN * torch.tensor(weights))
    layer.bias.copy_(_GAIN * torch.tensor([bias for _, bias in units]))
    return layer
