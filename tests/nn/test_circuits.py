"""Boolean circuits as networks: exact, tolerant of noise, and not what descent finds."""

import itertools
import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.models import build_model
from headway.nn import And, Not, Or, Var, Xor, adder, compile_circuit, parity
from headway.nn.circuits import parse_expression


def bits(count: int) -> Tensor:
    """Return every input of `count` bits."""
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=count))).double()


@pytest.mark.parametrize(
    ("expression", "exponents"),
    [("p & q", (-150, -50, -50, 50)), ("p | q", (-50, 50, 50, 150)), ("~p", (50, -50))],
    ids=["and", "or", "not"],
)
def test_a_gate_is_one_sigmoid_unit_with_the_weights_of_the_lecture(expression, exponents):
    gate = compile_circuit(expression)

    values = gate(bits(gate[0].in_features)).flatten()

    assert len(gate) == 2
    expected = torch.tensor(exponents).double().sigmoid()
    torch.testing.assert_close(values, expected, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize(
    ("expression", "tolerance"),
    [("p & q", 0.25), ("p | q", 0.25), ("not p", 0.5)],
)
def test_a_gate_is_right_up_to_the_stated_error_of_its_inputs_and_no_further(
    expression, tolerance
):
    gate = compile_circuit(expression)
    generator = torch.Generator().manual_seed(0)
    clean = bits(gate[0].in_features).repeat(500, 1)
    noise = 2.0 * torch.rand(clean.shape, generator=generator, dtype=torch.float64) - 1.0
    worst = torch.where(clean > 0.5, -1.0, 1.0)
    expected = gate(clean).round()

    def is_right(error: Tensor) -> bool:
        return bool((gate(clean + error).round() == expected).all())

    assert is_right(0.999 * tolerance * noise)
    assert is_right(0.999 * tolerance * worst)
    assert not is_right(1.001 * tolerance * worst)


@torch.no_grad()
def test_noise_is_mended_layer_by_layer():
    network = parity(8)
    clean = bits(8)
    generator = torch.Generator().manual_seed(0)
    noise = 0.2 * (torch.rand(clean.shape, generator=generator).double() - 0.5) * 2.0
    distances, exact, noisy = [], clean, clean + noise
    for layer in network:
        exact, noisy = layer(exact), layer(noisy)
        if isinstance(layer, nn.Sigmoid):
            distances.append(float((exact - noisy).abs().max()))

    # An input error of 0.2 leaves a margin of 100 * (0.5 - 2 * 0.2) = 10 in the first layer.
    assert distances[0] <= 1.0 / (1.0 + math.exp(10.0))
    assert max(distances[1:]) < 1e-15


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("p", lambda p: p),
        ("p and p", lambda p: p),
        ("p ^ q", lambda p, q: p ^ q),
        ("not (p or q) or (p and q)", lambda p, q: not p ^ q),
        (
            "(p and not q) or (q ^ r) and ~p",
            lambda p, q, r: (p and not q) or (q ^ r and not p),
        ),
        ("p and q and r and s", lambda *values: all(values)),
    ],
)
def test_a_compiled_expression_agrees_with_python(text, function):
    network = compile_circuit(text)
    inputs = bits(network[0].in_features)

    found = network(inputs).flatten()
    expected = [float(function(*(bool(v) for v in row))) for row in inputs.tolist()]

    torch.testing.assert_close(found, torch.tensor(expected).double(), atol=1e-15, rtol=0.0)


def test_text_and_objects_are_the_same_circuit():
    p, q = Var("p"), Var("q")

    assert parse_expression("(p or q) and not p ^ q") == And(Or(p, q), Not(Xor(p, q)))


def test_several_outputs_share_one_network():
    network = compile_circuit(["p & q", "q", "~r"], inputs=["r", "q", "p"])

    assert network(torch.tensor([[0.0, 1.0, 1.0]]).double()).round().tolist() == [[1.0] * 3]
    assert network(torch.tensor([[1.0, 0.0, 1.0]]).double()).round().tolist() == [[0.0] * 3]


@pytest.mark.parametrize("num_bits", [1, 2, 4])
def test_the_adder_adds(num_bits):
    inputs = bits(2 * num_bits)
    values = 2.0 ** torch.arange(num_bits + 1).double()

    sums = adder(num_bits)(inputs) @ values

    a, b = inputs.split(num_bits, dim=1)
    torch.testing.assert_close(sums, a @ values[:-1] + b @ values[:-1])


@pytest.mark.parametrize("num_bits", [1, 2, 5, 10])
def test_parity_is_exact(num_bits):
    inputs = bits(num_bits)

    torch.testing.assert_close(parity(num_bits)(inputs)[:, 0], inputs.sum(dim=1) % 2)


def test_descent_from_random_weights_does_not_find_the_parity_that_is_expressible():
    inputs, network = bits(8), parity(8)
    targets = inputs.sum(dim=1) % 2
    torch.manual_seed(0)
    learner = nn.Sequential(
        *(
            nn.Linear(layer.in_features, layer.out_features).double()
            if isinstance(layer, nn.Linear)
            else nn.Sigmoid()
            for layer in network
        )
    )
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.5, momentum=0.9)
    for _ in range(200):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy(learner(inputs)[:, 0], targets)
        loss.backward()
        optimizer.step()

    def accuracy(model: nn.Module) -> float:
        return float(((model(inputs)[:, 0] > 0.5) == targets.bool()).double().mean())

    assert accuracy(network) == 1.0
    assert accuracy(learner) == pytest.approx(0.5, abs=0.05)
    assert float(loss.detach()) == pytest.approx(math.log(2.0), abs=1e-3)


def test_one_hidden_layer_comes_as_close_to_a_function_as_it_is_wide():
    """A demonstration of universal approximation on C([-1, 1])."""
    x = torch.linspace(-1.0, 1.0, 400).double()[:, None]
    target = (3.0 * x).sin() * (2.0 * x).exp()

    def largest_error(width: int) -> float:
        options = {"hidden": [width], "activation": "tanh"}
        model = build_model("mlp", input_shape=(1,), num_outputs=1, options=options)
        hidden = nn.Sequential(*list(model.double().layers)[:-1])
        with torch.no_grad():
            hidden[0].weight.fill_(3.0)
            hidden[0].bias.copy_(torch.linspace(-3.0, 3.0, width))
            features = torch.cat([hidden(x), torch.ones_like(x)], dim=1)
            best = torch.linalg.lstsq(features, target, driver="gelsd").solution
        return float((features @ best - target).abs().max())

    errors = [largest_error(width) for width in (2, 8, 32)]

    assert errors[0] > 10.0 * errors[1] > 100.0 * errors[2]
    assert errors[2] < 1e-3


def test_a_compiled_network_traces_and_has_gradients():
    network = compile_circuit("p ^ q")
    point = torch.tensor([[0.45, 0.55]]).double().requires_grad_()

    assert torch.autograd.gradcheck(network, (point,), atol=1e-4)


def test_a_circuit_is_exact_in_bfloat16_too():
    network, inputs = parity(4).bfloat16(), bits(4)

    found = network(inputs.bfloat16())[:, 0]

    assert torch.equal(found.round().double(), inputs.sum(dim=1) % 2)


@pytest.mark.slow
def test_a_circuit_compiles_as_one_graph():
    network = parity(3)
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(compiled(bits(3)), network(bits(3)))


@pytest.mark.parametrize("text", ["p + q", "p and", "f(p)", "1", "p if q else r", "p < q"])
def test_anything_but_a_boolean_expression_is_refused(text):
    with pytest.raises(ValueError, match="is not an expression of and, or, not and"):
        compile_circuit(text)


def test_an_input_that_is_not_named_is_refused():
    with pytest.raises(ValueError, match="unknown input 'r'; the inputs are p, q"):
        compile_circuit("p and r", inputs=["p", "q"])


def test_a_circuit_of_no_bits_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        adder(0)
