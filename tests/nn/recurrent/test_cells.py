import math

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from headway.nn import GRU, LSTM, LSTM1997, UGRNN, Recurrent, VanillaRNN

INPUTS, HIDDEN, BATCH = 3, 4, 2
CELLS = {
    "vanilla-sigmoid": lambda *sizes: VanillaRNN(*sizes),
    "vanilla-tanh": lambda *sizes: VanillaRNN(*sizes, activation="tanh"),
    "vanilla-relu": lambda *sizes: VanillaRNN(*sizes, activation="relu"),
    "ugrnn": UGRNN,
    "gru-before": lambda *sizes: GRU(*sizes, reset="before"),
    "gru-after": lambda *sizes: GRU(*sizes, reset="after"),
    "lstm": LSTM,
    "lstm-1997": LSTM1997,
}
EACH_CELL = pytest.mark.parametrize("make", CELLS.values(), ids=CELLS.keys())
GATED = [UGRNN, GRU, LSTM]


def filled(cell: nn.Module) -> nn.Module:
    """Return the cell in float64 with every weight and bias away from zero."""
    cell = cell.double()
    for parameter in cell.parameters():
        nn.init.normal_(parameter, std=0.7)
    return cell


def gates(cell, x, h):
    """Return W_ih x + W_hh h - B for each gate, with the sources' B = -bias."""
    threshold = -cell.bias
    total = x @ cell.weight_ih.T + h @ cell.weight_hh.T - threshold
    return total.chunk(cell.num_gates, dim=1)


def unchecked(cell_class, **options):
    """Make a cell as a program does that runs without type checks."""
    cell_class.__init__.__wrapped__(cell_class.__new__(cell_class), 1, 1, **options)


@pytest.fixture
def x():
    return torch.randn(BATCH, INPUTS, dtype=torch.float64)


@pytest.fixture
def h():
    return torch.randn(BATCH, HIDDEN, dtype=torch.float64)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_the_vanilla_cell_is_the_activation_of_one_sum(name, x, h):
    cell = filled(VanillaRNN(INPUTS, HIDDEN, activation=name))
    (total,) = gates(cell, x, h)
    torch.testing.assert_close(cell(x, h), getattr(torch, name)(total))


def test_the_vanilla_cell_takes_the_sigmoid_of_the_source_by_default():
    assert VanillaRNN(1, 1).activation == "sigmoid"


def test_the_ugrnn_keeps_what_its_gate_lets_through(x, h):
    cell = filled(UGRNN(INPUTS, HIDDEN))
    r, g = gates(cell, x, h)
    r, g = r.tanh(), g.sigmoid()
    torch.testing.assert_close(cell(x, h), g * h + (1 - g) * r)


def test_the_gru_of_cho_resets_the_state_before_the_product(x, h):
    cell = filled(GRU(INPUTS, HIDDEN, reset="before"))
    r, z, _ = (gate.sigmoid() for gate in gates(cell, x, h))
    n = gates(cell, x, r * h)[2].tanh()
    torch.testing.assert_close(cell(x, h), z * h + (1 - z) * n)


def test_the_gru_equals_that_of_olah_whose_gate_is_one_minus_ours(x, h):
    cell = filled(GRU(INPUTS, HIDDEN, reset="before"))
    r, ours, _ = (gate.sigmoid() for gate in gates(cell, x, h))
    olah = 1 - ours
    candidate = gates(cell, x, r * h)[2].tanh()
    torch.testing.assert_close(cell(x, h), (1 - olah) * h + olah * candidate)


def test_the_gru_of_torch_resets_after_the_product(x, h):
    cell = filled(GRU(INPUTS, HIDDEN, reset="after"))
    r, z, _ = (gate.sigmoid() for gate in gates(cell, x, h))
    from_input = gates(cell, x, torch.zeros_like(h))[2]
    from_state = h @ cell.weight_hh[2 * HIDDEN :].T + cell.bias_hn
    n = (from_input + r * from_state).tanh()
    torch.testing.assert_close(cell(x, h), z * h + (1 - z) * n)


def test_a_gru_that_never_resets_is_a_ugrnn(x, h):
    gru, ugrnn = filled(GRU(INPUTS, HIDDEN, reset="before")), UGRNN(INPUTS, HIDDEN).double()
    order = torch.cat(
        [torch.arange(2 * HIDDEN, 3 * HIDDEN), torch.arange(HIDDEN, 2 * HIDDEN)]
    )
    with torch.no_grad():
        gru.weight_ih[:HIDDEN], gru.weight_hh[:HIDDEN], gru.bias[:HIDDEN] = 0.0, 0.0, 40.0
        ugrnn.weight_ih.copy_(gru.weight_ih[order])
        ugrnn.weight_hh.copy_(gru.weight_hh[order])
        ugrnn.bias.copy_(gru.bias[order])
    torch.testing.assert_close(gru(x, h), ugrnn(x, h))


def test_the_lstm_writes_keeps_and_reads_its_memory(x, h):
    cell, c = filled(LSTM(INPUTS, HIDDEN)), torch.randn_like(h)
    i, f, g, o = gates(cell, x, h)
    memory = f.sigmoid() * c + i.sigmoid() * g.tanh()
    torch.testing.assert_close(cell(x, (h, c)), (o.sigmoid() * memory.tanh(), memory))


def test_the_first_lstm_adds_to_its_memory_and_never_forgets(x, h):
    cell, c = filled(LSTM1997(INPUTS, HIDDEN)), torch.randn_like(h)
    i, g, o = gates(cell, x, h)
    memory = c + i.sigmoid() * g.tanh()
    torch.testing.assert_close(cell(x, (h, c)), (o.sigmoid() * memory.tanh(), memory))


@pytest.mark.parametrize("cell_class", GATED)
def test_a_forget_bias_of_one_is_a_threshold_of_minus_one(cell_class):
    cell = cell_class(INPUTS, HIDDEN, forget_bias=1.0)
    threshold = -cell.bias.detach().chunk(cell.num_gates)[1]
    assert threshold.tolist() == [-1.0] * HIDDEN


@pytest.mark.parametrize("cell_class", GATED)
def test_a_forget_bias_keeps_its_sigmoid_of_the_old_state(cell_class):
    cell = cell_class(INPUTS, HIDDEN, forget_bias=2.0).double()
    nn.init.zeros_(cell.weight_hh)
    before = torch.full((1, HIDDEN), 0.5, dtype=torch.float64)
    x = torch.zeros(1, INPUTS, dtype=torch.float64)
    after = cell(x, (before, before))[1] if cell_class is LSTM else cell(x, before)
    expected = before / (1 + math.exp(-2.0))
    torch.testing.assert_close(after, expected)


def test_other_biases_start_at_zero():
    cell = GRU(INPUTS, HIDDEN, forget_bias=1.0)
    assert cell.bias.sum() == HIDDEN
    assert cell.bias_hn.tolist() == [0.0] * HIDDEN


def test_the_recurrent_weights_of_each_gate_start_orthogonal():
    for weight in LSTM(INPUTS, HIDDEN).weight_hh.chunk(4):
        torch.testing.assert_close(weight @ weight.T, torch.eye(HIDDEN))


@EACH_CELL
def test_a_missing_state_is_zeros(make, x):
    cell = filled(make(INPUTS, HIDDEN))
    zeros = x.new_zeros(BATCH, HIDDEN)
    given = (zeros, zeros) if cell.num_states == 2 else zeros
    torch.testing.assert_close(cell(x), cell(x, given))


@EACH_CELL
def test_the_gradient_of_every_cell_is_that_of_differences(make, x, h):
    cell = filled(make(INPUTS, HIDDEN))
    state = (h, torch.randn_like(h)) if cell.num_states == 2 else (h,)
    names, weights = zip(*cell.named_parameters(), strict=True)

    def step(x, *rest):
        parameters = dict(zip(names, rest[cell.num_states :], strict=True))
        before = rest[: cell.num_states] if cell.num_states == 2 else rest[0]
        return torch.func.functional_call(cell, parameters, (x, before))

    inputs = [t.detach().requires_grad_() for t in (x, *state, *weights)]
    assert gradcheck(step, inputs)


def test_a_closed_gate_carries_state_and_gradient_through_any_time_unchanged():
    layer = Recurrent(UGRNN, INPUTS, HIDDEN).double()
    cell = layer.cells[0]
    nn.init.zeros_(cell.weight_hh)
    nn.init.zeros_(cell.weight_ih)
    with torch.no_grad():
        cell.bias[HIDDEN:] = 40.0
    first = torch.randn(1, 1, HIDDEN, dtype=torch.float64, requires_grad=True)
    _, last = layer(torch.randn(200, 1, INPUTS, dtype=torch.float64), first)
    torch.testing.assert_close(last, first)
    (grad,) = torch.autograd.grad(last.sum(), first)
    torch.testing.assert_close(grad, torch.ones_like(first))


@pytest.mark.parametrize("largest", [0.9, 1.0, 1.1])
def test_an_eigenvector_of_a_linear_network_grows_as_its_eigenvalue_to_the_time(largest):
    # On positive numbers relu is the identity, so that this network is linear.
    layer = Recurrent(lambda *s: VanillaRNN(*s, activation="relu"), 1, HIDDEN).double()
    generator = torch.Generator().manual_seed(0)
    matrix = torch.rand(HIDDEN, HIDDEN, generator=generator, dtype=torch.float64) + 0.1
    values, vectors = torch.linalg.eig(matrix)
    top = int(values.abs().argmax())
    vector = vectors[:, top].real.abs()
    with torch.no_grad():
        layer.cells[0].weight_hh.copy_(matrix * (largest / values[top].real))
    first = vector.clone().view(1, 1, HIDDEN).requires_grad_()
    outputs, last = layer(torch.zeros(50, 1, 1, dtype=torch.float64), first)
    growth = largest ** torch.arange(1, 51, dtype=torch.float64)
    torch.testing.assert_close(outputs[:, 0], growth[:, None] * vector)
    # Gradients grow likewise: v' dh_T / dh_0 v = lambda^T v' v.
    (grad,) = torch.autograd.grad((last.flatten() * vector).sum(), first)
    torch.testing.assert_close(grad.flatten() @ vector, growth[-1] * vector.square().sum())


def test_bounded_activations_keep_the_state_bounded_where_relu_lets_it_explode():
    states = {}
    for name in ("sigmoid", "tanh", "relu"):
        layer = Recurrent(lambda *s, a=name: VanillaRNN(*s, activation=a), 1, HIDDEN)
        nn.init.constant_(layer.cells[0].weight_hh, 1.0)
        nn.init.constant_(layer.cells[0].weight_ih, 1.0)
        states[name] = float(layer(torch.ones(60, 1, 1))[1].detach().max())
    assert max(states["sigmoid"], states["tanh"]) <= 1.0
    assert states["relu"] > 1e6


@pytest.mark.parametrize("cell_class", GATED)
def test_a_forget_bias_must_be_a_number(cell_class):
    with pytest.raises(ValueError, match="forget_bias must be a finite number, got nan"):
        cell_class(1, 1, forget_bias=math.nan)


@pytest.mark.parametrize("name", ["input_size", "hidden_size"])
def test_sizes_below_one_are_refused(name):
    sizes = {"input_size": 2, "hidden_size": 2} | {name: 0}
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        UGRNN(**sizes)


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="one of sigmoid, tanh, relu, got 'softmax'"):
        unchecked(VanillaRNN, activation="softmax")


def test_an_unknown_place_of_the_reset_is_refused():
    with pytest.raises(ValueError, match="reset must be before or after, got 'never'"):
        unchecked(GRU, reset="never")
