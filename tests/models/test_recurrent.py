import pytest
import torch

from headway.errors import ModelError
from headway.measure import multiply_adds, num_parameters
from headway.models import build_model, check_model

NAMES = ["rnn", "ugrnn", "gru", "lstm"]
GATES = {"rnn": 1, "ugrnn": 2, "gru": 3, "lstm": 4}


def tokens(name, **options):
    return build_model(name, input_shape=(10,), num_outputs=30, options=options)


def numbers(name, **options):
    return build_model(name, input_shape=(10, 3), num_outputs=5, options=options)


@pytest.mark.parametrize("name", NAMES)
def test_tokens_get_an_answer_at_every_step(name):
    check_model(tokens(name), (10,), 30, has_tokens=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
def test_numbers_get_one_answer(name, bidirectional):
    check_model(numbers(name, num_layers=2, bidirectional=bidirectional), (10, 3), 5)


@pytest.mark.parametrize("name", NAMES)
def test_answers_know_nothing_of_later_tokens(name):
    model = tokens(name, num_layers=2).eval()
    one = torch.randint(30, (1, 10))
    two = one.clone()
    two[0, 6:] = (two[0, 6:] + 1) % 30
    torch.testing.assert_close(model(one)[:, :6], model(two)[:, :6])
    assert not torch.equal(model(one)[:, 6:], model(two)[:, 6:])


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_to_numbers_depends_on_the_first_and_on_the_last_step(name):
    model = numbers(name).eval()
    x = torch.randn(1, 10, 3, requires_grad=True)
    model(x).sum().backward()
    assert x.grad[0, 0].abs().sum() > 0
    assert x.grad[0, -1].abs().sum() > 0


def test_both_directions_see_the_whole_sequence():
    model = numbers("gru", bidirectional=True, hidden_size=4)
    last = model.recurrent(torch.randn(1, 10, 3))
    ends = torch.cat([last[0][0, -1, :4], last[0][0, 0, 4:]])
    torch.testing.assert_close(last[1][-2:].flatten(), ends)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_equations(name):
    options = {"hidden_size": 16, "embedding_size": 8}
    rows = GATES[name] * 16
    second_bias = 16 if name == "gru" else 0
    recurrent = rows * (8 + 16 + 1) + second_bias
    assert num_parameters(tokens(name, **options)) == 30 * 8 + recurrent + 30 * 17


@pytest.mark.parametrize("name", NAMES)
def test_multiply_adds_are_those_of_the_equations(name):
    options = {"hidden_size": 16, "embedding_size": 8}
    expected = 10 * (GATES[name] * 16 * (8 + 16) + 30 * 16)
    assert multiply_adds(tokens(name, **options), (10,), torch.int64) == expected


def test_the_number_of_parameters_does_not_depend_on_the_length():
    short, long = (
        build_model("gru", input_shape=(steps,), num_outputs=7) for steps in (5, 500)
    )
    assert num_parameters(short) == num_parameters(long)


@pytest.mark.parametrize(
    ("name", "options", "shown"),
    [
        ("rnn", {"activation": "tanh"}, "activation=tanh"),
        ("gru", {"reset": "before"}, "reset=before"),
        ("lstm", {"forget_gate": False}, "LSTM1997"),
    ],
)
def test_options_reach_the_cell(name, options, shown):
    assert shown in str(tokens(name, **options))


@pytest.mark.parametrize("name", ["ugrnn", "gru", "lstm"])
def test_the_forget_bias_reaches_the_cell(name):
    bias = tokens(name, forget_bias=3.0).recurrent.cells[0].bias
    assert bias.max() == 3.0


def test_dropout_is_between_the_layers_and_before_the_answer():
    model = tokens("gru", num_layers=2, drop_prob=0.25)
    assert (model.recurrent.drop_prob, model.dropout.p) == (0.25, 0.25)


def test_a_text_is_not_read_backwards():
    with pytest.raises(ModelError, match="must not see what comes later"):
        tokens("gru", bidirectional=True)


def test_images_are_refused():
    with pytest.raises(ModelError, match="a network for images, such as 'resnet-20'"):
        build_model("gru", input_shape=(3, 8, 8), num_outputs=2)


@pytest.mark.parametrize(
    ("name", "kind", "fitting"),
    [("gru", "image", "mlp"), ("gru", "tabular", "mlp"), ("resnet-20", "tokens", "rnn")],
)
def test_a_network_for_other_data_is_refused_with_those_that_fit(name, kind, fitting):
    with pytest.raises(ModelError, match=rf"is of kind {kind}; take for example {fitting}"):
        build_model(name, input_shape=(10,), num_outputs=3, input_kind=kind)


def test_a_perceptron_takes_whole_sequences():
    model = build_model("mlp", input_shape=(10, 3), num_outputs=2, input_kind="sequence")
    check_model(model, (10, 3), 2)
