import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from headway.nn import GRU, LSTM, LSTM1997, UGRNN, Recurrent, VanillaRNN

STEPS, BATCH, INPUTS, HIDDEN = 5, 3, 2, 4
LENGTHS = torch.tensor([2, 5, 3])
THEIRS = {
    "tanh": partial(nn.RNN, nonlinearity="tanh"),
    "relu": partial(nn.RNN, nonlinearity="relu"),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}
CELLS = {
    "vanilla": VanillaRNN,
    "vanilla-tanh": partial(VanillaRNN, activation="tanh"),
    "ugrnn": UGRNN,
    "gru-before": partial(GRU, reset="before"),
    "gru-after": partial(GRU, reset="after"),
    "lstm": LSTM,
    "lstm-1997": LSTM1997,
}
EACH_CELL = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
EACH_KIND = pytest.mark.parametrize("kind", THEIRS)
EACH_WAY = pytest.mark.parametrize("fused", [True, False], ids=["kernel", "steps"])
EACH_STACK = pytest.mark.parametrize(
    ("num_layers", "bidirectional"), [(1, False), (2, False), (1, True), (2, True)]
)


def sequences(steps=STEPS):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(steps, BATCH, INPUTS, generator=generator, dtype=torch.float64)


def packed(x):
    return pack_padded_sequence(x, LENGTHS, enforce_sorted=False)


def tensors(result):
    """Return the tensors of (output, state), of an output that may be packed."""
    output, state = result
    data = output if isinstance(output, torch.Tensor) else output.data
    return [data, *((state,) if isinstance(state, torch.Tensor) else state)]


def gradients(layer, x, *, pack):
    """Return outputs, and the gradient by the inputs of a sum that weighs each of them."""
    x = x.clone().requires_grad_()
    found = tensors(layer(packed(x) if pack else x))
    total = sum((t * torch.linspace(-1, 2, t.numel()).view_as(t)).sum() for t in found)
    total.backward()
    return [*found, x.grad]


@EACH_KIND
@EACH_STACK
@EACH_WAY
@pytest.mark.parametrize("pack", [False, True], ids=["full", "packed"])
def test_outputs_and_gradients_are_those_of_torch(
    kind, num_layers, bidirectional, fused, pack
):
    theirs = THEIRS[kind](
        INPUTS, HIDDEN, num_layers, bidirectional=bidirectional, dtype=torch.float64
    )
    ours = Recurrent.from_torch(theirs)
    ours.fused = fused
    x = sequences()
    for found, expected in zip(
        gradients(ours, x, pack=pack), gradients(theirs, x, pack=pack), strict=True
    ):
        torch.testing.assert_close(found, expected)
    for cell, expected in zip(ours.cells, theirs.all_weights, strict=True):
        weight_ih, weight_hh, bias_ih, bias_hh = (weight.grad for weight in expected)
        torch.testing.assert_close(cell.weight_ih.grad, weight_ih)
        torch.testing.assert_close(cell.weight_hh.grad, weight_hh)
        torch.testing.assert_close(cell.bias.grad, bias_ih)
        if kind == "gru":
            torch.testing.assert_close(cell.bias_hn.grad, bias_hh[2 * HIDDEN :])


@EACH_CELL
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
def test_kernels_and_single_steps_agree(cell, bidirectional):
    layer = Recurrent(cell, INPUTS, HIDDEN, num_layers=2, bidirectional=bidirectional)
    layer.double()
    x = sequences()
    fused = [*gradients(layer, x, pack=False), *(p.grad for p in layer.parameters())]
    layer.zero_grad()
    layer.fused = False
    plain = [*gradients(layer, x, pack=False), *(p.grad for p in layer.parameters())]
    for found, expected in zip(fused, plain, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("cell", "kind"), [(UGRNN, nn.GRU), (LSTM1997, nn.LSTM)], ids=["ugrnn", "lstm-1997"]
)
def test_kernels_compute_cells_with_fewer_gates_by_a_gate_that_is_held_open(cell, kind):
    layer = Recurrent(cell, INPUTS, HIDDEN, fused=False).double()
    nn.init.normal_(layer.cells[0].bias)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = dict(zip(names, layer.cells[0].torch_weights(), strict=True))
    kernel = kind(INPUTS, HIDDEN, dtype=torch.float64)
    x = sequences(20)

    found = tensors(torch.func.functional_call(kernel, weights, (x,)))
    expected = tensors(layer(x))

    torch.testing.assert_close(found, expected)
    parameters = list(layer.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(found[0].sum(), parameters),
        torch.autograd.grad(expected[0].sum(), parameters),
    )


@EACH_CELL
def test_a_layer_is_its_cell_step_after_step(cell):
    layer = Recurrent(cell, INPUTS, HIDDEN).double()
    x, state = sequences(), None
    outputs = []
    for step in x:
        state = layer.cells[0](step, state)
        outputs.append(state if isinstance(state, torch.Tensor) else state[0])
    torch.testing.assert_close(layer(x)[0], torch.stack(outputs))


@EACH_CELL
@EACH_WAY
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
def test_packed_sequences_come_out_as_each_of_them_alone(cell, fused, bidirectional):
    layer = Recurrent(cell, INPUTS, HIDDEN, bidirectional=bidirectional, fused=fused)
    layer.double()
    x = sequences()
    output, state = layer(packed(x))
    padded, _ = pad_packed_sequence(output)
    for index, length in enumerate(LENGTHS.tolist()):
        alone, last = layer(x[:length, index : index + 1])
        torch.testing.assert_close(padded[:length, index], alone[:, 0])
        for found, expected in zip(
            tensors((alone, state))[1:], tensors((alone, last))[1:], strict=True
        ):
            torch.testing.assert_close(found[:, index], expected[:, 0])


@EACH_CELL
@EACH_WAY
def test_a_state_carries_on_where_the_last_call_stopped(cell, fused):
    layer = Recurrent(cell, INPUTS, HIDDEN, num_layers=2, fused=fused).double()
    x = sequences(8)
    whole = layer(x)
    begin, state = layer(x[:3])
    end, last = layer(x[3:], state)
    torch.testing.assert_close(torch.cat([begin, end]), whole[0])
    torch.testing.assert_close(last, whole[1])


@EACH_WAY
def test_the_state_of_a_packed_sequence_goes_to_its_own_sequence(fused):
    layer = Recurrent(UGRNN, INPUTS, HIDDEN, fused=fused).double()
    x = sequences()
    state = torch.randn(1, BATCH, HIDDEN, dtype=torch.float64)
    last = layer(packed(x), state)[1]
    alone = layer(x[:2, :1], state[:, :1])[1]
    torch.testing.assert_close(last[:, :1], alone)


@EACH_CELL
@EACH_WAY
def test_batch_first_swaps_the_first_two_axes(cell, fused):
    layer = Recurrent(cell, INPUTS, HIDDEN, fused=fused).double()
    swapped = Recurrent(cell, INPUTS, HIDDEN, batch_first=True, fused=fused).double()
    swapped.load_state_dict(layer.state_dict())
    x = sequences()
    expected, state = layer(x)
    found, same_state = swapped(x.transpose(0, 1))
    torch.testing.assert_close(found.transpose(0, 1), expected)
    torch.testing.assert_close(same_state, state)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
def test_the_gradient_of_the_ugrnn_over_all_steps_is_that_of_differences(bidirectional):
    layer = Recurrent(UGRNN, INPUTS, HIDDEN, bidirectional=bidirectional).double()
    names, weights = zip(*layer.named_parameters(), strict=True)

    def run(x, first, *values):
        parameters = dict(zip(names, values, strict=True))
        return torch.func.functional_call(layer, parameters, (x, first))

    first = torch.randn(1 + bidirectional, BATCH, HIDDEN, dtype=torch.float64)
    inputs = [t.detach().requires_grad_() for t in (sequences(4), first, *weights)]
    assert gradcheck(run, inputs)


def test_step_by_step_the_ugrnn_has_second_derivatives():
    layer = Recurrent(UGRNN, 1, 2, fused=False).double()
    x = torch.randn(3, 1, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x)[0], (x,))


def test_the_gradient_of_shared_weights_is_the_sum_over_the_steps():
    shared = Recurrent(UGRNN, INPUTS, HIDDEN).double()
    untied = [UGRNN(INPUTS, HIDDEN).double() for _ in range(STEPS)]
    for cell in untied:
        cell.load_state_dict(shared.cells[0].state_dict())
    x, state = sequences(), None
    for cell, step in zip(untied, x, strict=True):
        state = cell(step, state)
    state.sum().backward()
    shared(x)[1].sum().backward()
    for name, parameter in shared.cells[0].named_parameters():
        total = sum(dict(cell.named_parameters())[name].grad for cell in untied)
        torch.testing.assert_close(parameter.grad, total)


@EACH_WAY
def test_dropout_acts_between_layers_and_not_after_the_last(fused):
    layer = Recurrent(UGRNN, INPUTS, HIDDEN, num_layers=2, drop_prob=0.5, fused=fused)
    layer.double()
    nn.init.normal_(layer.cells[1].bias)
    x = sequences(50)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    assert (layer(x)[0] != 0).all()
    layer.eval()
    torch.testing.assert_close(layer(x), layer(x))


@EACH_CELL
@EACH_WAY
def test_bfloat16_under_autocast_stays_close_to_float32(cell, fused):
    torch.manual_seed(0)
    layer = Recurrent(cell, INPUTS, HIDDEN, num_layers=2, fused=fused)
    x = sequences(20).float().requires_grad_()
    expected = layer(x)[0]
    (exact,) = torch.autograd.grad(expected.sum(), x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = layer(x)[0]
    (grad,) = torch.autograd.grad(output.float().sum(), x)
    # bfloat16 has 8 bits, and errors add up over 20 steps and 2 layers.
    assert (output.float() - expected).norm() < 0.05 * expected.norm()
    assert (grad - exact).norm() < 0.1 * exact.norm()


@EACH_CELL
@EACH_WAY
def test_a_layer_of_bfloat16_weights_runs_forward_and_backward(cell, fused):
    layer = Recurrent(cell, INPUTS, HIDDEN, fused=fused).bfloat16()
    output, _ = layer(sequences().bfloat16())
    output.sum().backward()
    assert output.dtype == layer.cells[0].weight_hh.grad.dtype == torch.bfloat16


@pytest.mark.slow
def test_every_cell_compiles_without_a_break():
    # In a process of its own: the shape checks of the tests cannot be compiled.
    program = """
import torch
from functools import partial
from headway.nn import GRU, LSTM, LSTM1997, UGRNN, Recurrent, VanillaRNN

x = torch.randn(4, 3, 2, dtype=torch.float64)
for cell in (VanillaRNN, UGRNN, GRU, partial(GRU, reset="before"), LSTM, LSTM1997):
    layer = Recurrent(cell, 2, 4, num_layers=2, bidirectional=True).double()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), layer(x))
    torch._dynamo.reset()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("shape", "batch_first", "expected"),
    [
        ((4, 2), False, r"\(steps, batch, 2\), got \(4, 2\)"),
        ((4, 2, 3), False, r"\(steps, batch, 2\), got \(4, 2, 3\)"),
        ((4, 2, 3), True, r"\(batch, steps, 2\), got \(4, 2, 3\)"),
    ],
)
def test_sequences_of_another_shape_are_refused(shape, batch_first, expected):
    layer = Recurrent(UGRNN, INPUTS, HIDDEN, batch_first=batch_first)
    with pytest.raises((ValueError, TypeError), match=expected):
        layer.forward.__wrapped__(layer, torch.zeros(shape))


def test_a_sequence_without_a_step_is_refused():
    with pytest.raises(ValueError, match="at least one step"):
        Recurrent(UGRNN, INPUTS, HIDDEN)(torch.zeros(0, BATCH, INPUTS))


def test_a_state_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"a pair of \(1, 3, 4\).*got \[\(1, 3, 4\)\]"):
        Recurrent(LSTM, INPUTS, HIDDEN)(
            torch.zeros(STEPS, BATCH, INPUTS), torch.zeros(1, BATCH, HIDDEN)
        )


def test_no_layers_are_refused():
    with pytest.raises(ValueError, match="num_layers must be at least 1, got 0"):
        Recurrent(UGRNN, 1, 1, num_layers=0)


def test_a_drop_prob_of_one_is_refused():
    with pytest.raises(ValueError, match="drop_prob must be at least 0 and below 1, got 1"):
        Recurrent(UGRNN, 1, 1, drop_prob=1.0)
