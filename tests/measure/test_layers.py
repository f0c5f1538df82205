"""Numbers of layers from any network, and training that stays the same to the last bit."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from headway.measure import LayerNumbers, look, record_layers


def seen(model: nn.Module, *inputs: Any) -> tuple[LayerNumbers, ...]:
    return look(model, lambda: main(model(*inputs)).square().mean())


def main(output: Any) -> Tensor:
    while not isinstance(output, Tensor):
        output = next(iter(output.values())) if isinstance(output, dict) else output[0]
    return output


def names(layers: tuple[LayerNumbers, ...]) -> list[str]:
    return [layer.name for layer in layers]


def functions(layers: tuple[LayerNumbers, ...]) -> list[str]:
    return [layer.function for layer in layers if layer.kind == "activation"]


class Functional(nn.Module):
    def __init__(self, act: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.fc1, self.fc2, self.act = nn.Linear(6, 8), nn.Linear(8, 3), [act]

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.act[0](self.fc1(x)))


FUNCTIONS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "F.relu": (F.relu, "relu"),
    "torch.relu": (torch.relu, "relu"),
    "method": (lambda x: x.relu(), "relu"),
    "in place": (lambda x: F.relu_(x), "relu"),
    "clamp": (lambda x: x.clamp(min=0.0), "relu"),
    "maximum": (lambda x: torch.maximum(x, torch.zeros(())), "relu"),
    "where": (lambda x: torch.where(x > 0, x, 0.0 * x), "relu"),
    "mask": (lambda x: x * (x > 0), "relu"),
    "torch.tanh": (torch.tanh, "tanh"),
    "softmax": (lambda x: x.softmax(dim=-1), "softmax"),
    "gelu": (F.gelu, "gelu"),
    "silu": (F.silu, "silu"),
    "hard": (lambda x: x.clamp(-1.0, 1.0), "hardtanh"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functional_activation_is_a_layer_named_after_its_module(name: str) -> None:
    act, function = FUNCTIONS[name]
    layers = seen(Functional(act), torch.randn(16, 6))
    assert names(layers) == ["fc1", function, "fc2"]
    assert layers[1].function == function
    assert layers[1].kind == "activation"


def test_a_second_activation_in_a_module_has_a_number() -> None:
    layers = seen(Functional(lambda x: F.relu(F.relu(x) - 0.1)), torch.randn(16, 6))
    assert names(layers) == ["fc1", "relu", "relu_1", "fc2"]


def test_a_multiplication_without_a_mask_is_no_activation() -> None:
    layers = seen(Functional(lambda x: x * x.clamp(max=9.0)), torch.randn(16, 6))
    assert functions(layers) == []


def test_modules_are_not_recorded_twice() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Softmax(dim=-1))
    assert names(seen(model, torch.randn(8, 4))) == ["0", "1", "2", "3"]


def test_a_loss_outside_of_the_model_is_not_recorded() -> None:
    model = nn.Sequential(nn.Linear(4, 4))
    layers = look(model, lambda: torch.sigmoid(model(torch.randn(8, 4))).mean())
    assert names(layers) == ["0"]


class Swish(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


class MySoftmax(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(x, dim=-1)


class ByHand(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())


class Halved(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * x


@pytest.mark.parametrize(
    ("module", "kind", "function"),
    [
        (Swish(), "activation", "silu"),
        (MySoftmax(), "activation", "softmax"),
        (ByHand(), "activation", "tanh"),
        (Halved(), "other", ""),
        (nn.Dropout(0.5), "other", ""),
        (nn.Identity(), "other", ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_module_is_known_by_its_numbers(
    module: nn.Module, kind: str, function: str
) -> None:
    layers = seen(nn.Sequential(nn.Linear(4, 4), module), torch.randn(32, 4))
    assert [layer.name for layer in layers] == ["0", "1"]
    assert (layers[1].kind, layers[1].function) == (kind, function)


class Raw(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(6, 8))
        self.v = nn.Parameter(torch.randn(8, 8))
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(x @ self.w)
        h = torch.einsum("bi,oi->bo", h, self.v).tanh()
        return F.linear(h, self.head.weight)


def test_a_product_with_a_raw_parameter_is_a_layer() -> None:
    layers = seen(Raw(), torch.randn(16, 6))
    assert names(layers) == ["w", "relu", "v", "tanh", "head"]
    assert [layer.kind for layer in layers[::2]] == ["linear"] * 3
    weight = layers[0].weight
    assert weight is not None
    assert (weight.fan_in, weight.fan_out) == (6, 8)


def test_layers_of_one_call_come_in_forward_order_with_their_call_number() -> None:
    shared = nn.Linear(4, 4)
    layers = seen(nn.Sequential(shared, nn.ReLU(), shared), torch.randn(8, 4))
    assert [(layer.name, layer.call) for layer in layers] == [("0", 0), ("1", 0), ("0", 1)]


def test_calls_beyond_the_limit_are_not_recorded() -> None:
    shared = nn.Linear(4, 4)
    model = nn.Sequential(*[shared] * 30)
    assert len(look(model, lambda: model(torch.randn(8, 4)).mean(), max_calls=5)) == 5


def test_the_gradient_of_an_output_before_an_in_place_function_is_its_own() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(inplace=True))
    x = torch.randn(32, 4)
    linear, act = look(model, lambda: model(x).sum())
    share = (F.linear(x, model[0].weight, model[0].bias) > 0).double().mean()
    assert act.grad_rms == pytest.approx(1.0)
    assert linear.grad_rms == pytest.approx(math.sqrt(share), rel=1e-6)
    assert linear.output.dead_fraction < 1.0
    assert linear.output.percentiles[0] < 0.0


def test_numbers_of_a_linear_layer_have_their_closed_form() -> None:
    model = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, -4.0]]))
    (layer,) = look(model, lambda: model(torch.eye(2)).sum())
    assert layer.output.rms == pytest.approx(2.5)  # values 3, 0, 0, -4
    assert layer.input_rms == pytest.approx(math.sqrt(0.5))
    assert layer.output.dead_fraction == 0.5
    assert layer.grad_rms == 1.0
    assert layer.weight is not None
    assert layer.weight.norm == pytest.approx(5.0)
    assert layer.weight.grad_norm == pytest.approx(2.0)  # a matrix of ones
    assert layer.weight.relative_grad == pytest.approx(0.4)


def test_a_look_leaves_the_network_as_it_was() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1))
    model[0].weight.requires_grad_(False)
    model[2].eval()
    x = torch.randn(16, 4)
    model(x).sum().backward()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    gradient = model[3].weight.grad
    assert gradient is not None
    kept, state = gradient.clone(), torch.get_rng_state()
    layers = look(model, lambda: model(x).sum())
    assert layers[1].kind == "norm"
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert model[3].weight.grad is gradient
    assert torch.equal(gradient, kept)
    assert torch.equal(torch.get_rng_state(), state)
    assert not model[0].weight.requires_grad
    assert (model[1].training, model[2].training) == (True, False)
    assert not any(module._forward_hooks for module in model.modules())


class Nested(nn.Module):
    """Dict and tuple outputs, frozen and shared parts, an embedding, a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 8)
        self.rnn = nn.LSTM(8, 8)
        self.mix = nn.MultiheadAttention(8, 2)
        self.block = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Dropout(0.2))
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.head = nn.ModuleDict({"a": nn.Linear(8, 3), "b": nn.Linear(8, 1)})

    def forward(self, ids: Tensor) -> dict[str, Any]:
        h, _ = self.rnn(self.table(ids))
        h = self.mix(h, h, h)[0] + h
        h = checkpoint(self.block, h, use_reentrant=False)
        h = h.view(-1, 8)
        with torch.no_grad():
            scale = self.frozen(h)
        h = self.block(h).mul_(torch.sigmoid(scale))
        return {"a": self.head["a"](h), "extra": (self.head["b"](h), None, "text")}


class Convolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 4, 3))
        self.norm = nn.BatchNorm2d(4)
        self.deep = nn.utils.parametrizations.spectral_norm(nn.Conv2d(4, 4, 3, padding=1))
        self.act = nn.ReLU(inplace=True)
        self.out = nn.LazyLinear(3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(self.norm(self.stem(x)))
        h = checkpoint(lambda h: self.act(self.deep(h)), h, use_reentrant=True)
        h = F.max_pool2d(h + 1.0, 2)[:, :, ::2].flatten(1)
        return self.out(F.dropout(h, 0.1, self.training))


def train(model: nn.Module, inputs: Tensor, *, watched: bool) -> list[Tensor]:
    torch.manual_seed(1)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        if watched:
            with record_layers(model) as record:
                main(model(inputs)).square().mean().backward()
            assert record.layers
        else:
            main(model(inputs)).square().mean().backward()
        optimizer.step()
    return [tensor.clone() for tensor in model.state_dict().values()]


PROGRAMS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "nested": (Nested, lambda: torch.randint(0, 11, (5, 4))),
    "raw": (Raw, lambda: torch.randn(8, 6)),
    "convolutions": (Convolutions, lambda: torch.randn(4, 1, 12, 12)),
    "transformer": (
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2
        ),
        lambda: torch.randn(5, 3, 8),
    ),
    "gru": (lambda: nn.GRU(8, 8, num_layers=2, dropout=0.1), lambda: torch.randn(5, 3, 8)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_training_is_the_same_to_the_last_bit(name: str) -> None:
    make, draw = PROGRAMS[name]
    torch.manual_seed(0)
    inputs = draw()
    results: list[list[Tensor]] = []
    for watched in (False, True):
        torch.manual_seed(2)
        model = make()
        model(inputs)  # lazy layers take their shape
        results.append(train(model, inputs, watched=watched))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_all_parts_of_a_nested_network_are_recorded() -> None:
    torch.manual_seed(0)
    layers = seen(Nested(), torch.randint(0, 11, (5, 4)))
    kinds = {layer.name: layer.kind for layer in layers}
    assert kinds["table"] == "embedding"
    assert kinds["rnn"] == "recurrent"
    assert kinds["mix"] == "attention"
    assert kinds["head.a"] == "linear"
    assert kinds["sigmoid"] == "activation"
    by_name = {layer.name: layer for layer in layers if layer.call == 0}
    assert by_name["frozen"].grad_rms is None
    assert by_name["block.0"].grad_rms is not None
    assert by_name["rnn"].output.num_samples == 4  # the second axis


def test_what_a_checkpoint_computes_again_is_not_recorded_again() -> None:
    layers = seen(Convolutions(), torch.randn(4, 1, 12, 12))
    named = [(layer.name, layer.call) for layer in layers]
    assert len(set(named)) == len(named)
    deep = next(layer for layer in layers if layer.name == "deep")
    assert deep.grad_rms is not None  # comes from the second computation


def test_a_transformer_is_recorded_in_evaluation_mode() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    x = torch.randn(3, 5, 8)
    layers = look(model, lambda: model(x), gradients=False)
    assert "layers.1.linear2" in names(layers)
    assert "layers.0.relu" in names(layers)


def test_a_compiled_network_is_recorded_as_it_was_before() -> None:
    inner = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    x = torch.randn(8, 4)
    plain = seen(inner, x)
    compiled = torch.compile(inner, backend="eager")
    compiled(x)
    assert seen(compiled, x) == plain
    outer = nn.Sequential(torch.compile(inner, backend="eager"))
    assert names(seen(outer, x)) == ["0.0", "0.1", "0.2"]


def test_a_network_in_parallel_training_keeps_its_names(
    tmp_path: Path,
) -> None:
    dist.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
    )
    try:
        inner = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        x = torch.randn(8, 4)
        plain = seen(inner, x)
        assert seen(nn.parallel.DistributedDataParallel(inner), x) == plain
    finally:
        dist.destroy_process_group()


@pytest.mark.slow
def test_layers_of_a_keras_sequential_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(8, activation="tanh", name="hidden"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dense(3, name="head"),
        ]
    )
    before = [v.value.clone() for v in model.variables]
    layers = look(model, lambda: model(torch.randn(16, 5), training=True).square().mean())
    assert names(layers) == ["hidden", "hidden.tanh", "norm", "head"]
    assert [layer.kind for layer in layers] == ["linear", "activation", "norm", "linear"]
    assert layers[0].weight is not None
    assert (layers[0].weight.fan_in, layers[0].weight.fan_out) == (5, 8)
    assert layers[0].weight.grad_norm is not None
    after = [v.value for v in model.variables]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_functional_transforms_are_let_through() -> None:
    inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    class PerSample(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.head = inner, nn.Linear(4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(torch.vmap(self.inner)(x))

    assert "head" in names(seen(PerSample(), torch.randn(5, 4)))


def test_a_failing_network_raises_its_own_error_and_loses_its_hooks() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        seen(model, torch.randn(2, 4))
    assert not any(module._forward_hooks for module in model.modules())


def test_symmetric_units_are_twins() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    x, y = torch.randn(20, 4), torch.randint(0, 3, (20,))
    hidden, _, head = look(model, lambda: F.cross_entropy(model(x), y))
    assert hidden.weight is not None
    assert head.weight is not None
    assert hidden.weight.twin_fraction == 1.0
    assert (head.weight.duplicate_fraction, head.weight.twin_fraction) == (1.0, 0.0)


def test_a_zero_head_on_random_features_has_no_twins() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    nn.init.zeros_(model[2].weight)
    x, y = torch.randn(20, 4), torch.randint(0, 3, (20,))
    layers = look(model, lambda: F.cross_entropy(model(x), y))
    assert [layer.weight.twin_fraction for layer in layers if layer.weight] == [0.0, 0.0]
