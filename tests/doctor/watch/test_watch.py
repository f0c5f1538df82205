"""The watch changes nothing, costs little and leaves nothing behind."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor.watch import Watch, watch


class Attention(nn.Module):
    """A transformer with an embedding and a functional activation at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 3)

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        hidden = self.encoder(self.embedding(tokens))
        return {"logits": self.head(torch.tanh(hidden.mean(dim=1)))}


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 8, batch_first=True, dropout=0.2, num_layers=2)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(8) for _ in range(2)])
        self.convs = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(2)])
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = x + conv(F.relu(norm(x)))
        return self.head(F.relu(x, inplace=True).mean(dim=(2, 3)))


def perceptron() -> nn.Module:
    return nn.Sequential(
        nn.Linear(5, 16),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(16, 8),
        nn.Tanh(),
        nn.Linear(8, 3),
    )


PROGRAMS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "MLP with dropout": (perceptron, lambda: torch.randn(16, 5)),
    "ResNet with batch norm": (Residual, lambda: torch.randn(8, 1, 8, 8)),
    "LSTM": (Recurrent, lambda: torch.randn(8, 6, 5)),
    "transformer": (Attention, lambda: torch.randint(11, (8, 7))),
}


def batches(draw: Callable[[], Tensor], steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    for step in range(steps):
        torch.manual_seed(1000 + step)
        yield draw(), torch.randint(3, (16,))


def loss_of(outputs: Any, targets: Tensor) -> Tensor:
    logits = outputs["logits"] if isinstance(outputs, dict) else outputs
    return F.cross_entropy(logits, targets[: len(logits)])


def trained(
    name: str, *, steps: int = 12, **settings: Any
) -> tuple[dict[str, Tensor], list[float], Watch | None]:
    """Train; watched if there are settings."""
    make, draw = PROGRAMS[name]
    torch.manual_seed(0)
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    watched = watch(model, optimizer, **settings).start() if settings else None
    losses: list[float] = []
    for x, y in batches(draw, steps):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if watched is not None:
            watched.step(loss)
    if watched is not None:
        watched.close()
    return model.state_dict(), losses, watched


def steps_of(
    model: nn.Module, optimizer: torch.optim.Optimizer, watched: Watch, steps: int
) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(torch.randn(8, 5)).square().mean()
        loss.backward()
        optimizer.step()
        watched.step(loss)


@pytest.mark.parametrize("name", PROGRAMS)
def test_training_is_the_same_to_the_last_bit(name: str) -> None:
    plain, losses, _ = trained(name)
    weights, same_losses, watched = trained(name, every=2)
    assert watched is not None
    assert watched.view.num_samples == 6
    assert watched.view.last.layers
    assert watched.report().endswith("no alarms")
    assert losses == same_losses
    assert all(torch.equal(plain[key], weights[key]) for key in plain)


def test_every_step_can_be_sampled() -> None:
    _, _, watched = trained("LSTM", steps=10, every=1)
    assert watched is not None
    assert watched.view.num_samples == 9  # the first step is not like the others


def test_numbers_are_those_of_the_sampled_step() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with watch(model, optimizer, every=1) as watched:
        for _ in range(3):
            x = torch.randn(200, 5)
            hidden = model[1](model[0](x)).detach()
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            norm = model[0].weight.grad.norm().item()
            watched.step(loss)
    linear, relu, _ = watched.view.last.layers
    first = watched.view.last.weights[0]
    assert (linear.name, linear.kind, relu.function) == ("0", "linear", "relu")
    assert relu.std == pytest.approx(hidden.std(correction=0).item(), rel=1e-5)
    assert relu.dead_fraction == (hidden.amax(dim=0) == 0).float().mean().item()
    assert (first.name, first.layer) == ("0.weight", "0")
    assert first.grad_norm == pytest.approx(norm, rel=1e-5)
    before = model[0].weight.detach() + 0.5 * model[0].weight.grad
    assert first.update_ratio == pytest.approx(0.5 * norm / before.norm().item(), rel=1e-4)


def test_functional_activations_are_named_after_the_module_that_calls_them() -> None:
    _, _, watched = trained("ResNet with batch norm", every=1)
    assert watched is not None
    names = [layer.name for layer in watched.view.last.layers]
    assert names == [
        *("stem", "norms.0", "relu", "convs.0", "norms.1", "relu (call 2)"),
        *("convs.1", "relu (call 3)", "head"),
    ]


def test_nothing_is_left_in_the_network_and_the_optimizer() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, every=1) as watched:
        steps_of(model, optimizer, watched, 2)
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_an_error_in_the_network_reaches_its_author_and_leaves_no_mode() -> None:
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watched = watch(model, optimizer, every=1).start()
    watched.step(1.0)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        model(torch.randn(2, 5))
    assert not torch.overrides._get_current_function_mode_stack()


def test_evaluation_between_steps_is_not_sampled() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, every=1) as watched:
        for _ in range(3):
            steps_of(model, optimizer, watched, 1)
            with torch.no_grad():
                model.eval()(torch.full((4, 5), torch.nan))
            model.train()
        assert watched.view.last.layers
        assert all(math.isfinite(layer.std) for layer in watched.view.last.layers)


def test_a_sample_waits_for_the_step_of_an_accumulated_gradient() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, every=2) as watched:
        for micro_step in range(1, 13):
            loss = model(torch.randn(8, 5)).square().mean() / 4
            loss.backward()
            if micro_step % 4 == 0:
                optimizer.step()
                optimizer.zero_grad()
            watched.step(loss)
    assert watched.view.num_samples == 3
    assert all(len(sample.weights) == 3 for sample in watched.view.samples)


def test_several_optimizers_and_frozen_parts_are_watched() -> None:
    model = perceptron()
    model[0].requires_grad_(False)
    optimizers = [torch.optim.SGD(model[3].parameters(), lr=0.1)]
    optimizers.append(torch.optim.SGD(model[5].parameters(), lr=0.1))
    with watch(model, optimizers, every=1) as watched:
        for _ in range(3):
            loss = model(torch.randn(8, 5)).square().mean()
            model.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
            watched.step(loss)
    assert [weight.layer for weight in watched.view.last.weights] == ["3", "5"]


def test_parts_that_are_called_one_by_one_are_found() -> None:
    model = nn.ModuleDict({"encoder": nn.Linear(5, 4), "decoder": nn.Linear(4, 5)})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, every=1) as watched:
        for _ in range(4):
            loss = model["decoder"](model["encoder"](torch.randn(8, 5))).square().mean()
            loss.backward()
            optimizer.step()
            watched.step(loss)
    assert [layer.name for layer in watched.view.last.layers] == ["encoder", "decoder"]


def test_gradients_are_read_without_an_optimizer_of_torch() -> None:
    model = perceptron()
    with watch(model, every=1) as watched:
        for _ in range(3):
            model.zero_grad()
            loss = model(torch.randn(8, 5)).square().mean()
            loss.backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= 0.1 * parameter.grad
            watched.step(loss)
    assert watched.view.last.update_ratio > 0


def test_gradients_of_a_scaled_loss_are_those_of_the_loss() -> None:
    norms: list[float] = []
    for scale in (1.0, 2.0**12):
        torch.manual_seed(0)
        model = perceptron().eval()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=1000)
        with watch(model, optimizer, every=1) as watched:
            for _ in range(3):
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16):
                    loss = model(torch.ones(8, 5)).square().mean()
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
                watched.step(loss)
        norms.append(watched.view.last.grad_norm)
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)


def test_an_error_in_the_watch_ends_the_sampling_and_not_the_training(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("no such layer")

    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, every=1) as watched:
        monkeypatch.setattr(watched._forward, "_take", fail)
        steps_of(model, optimizer, watched, 4)
    assert (watched.view.step, watched.view.num_samples) == (4, 1)
    assert "ZeroDivisionError: no such layer" in watched.report()
    assert len(caplog.records) == 1


def test_what_is_no_optimizer_is_refused() -> None:
    with pytest.raises(TypeError, match="optimizer must be an optimizer of torch, several"):
        watch(nn.Linear(1, 1), "adam")  # pyright: ignore[reportArgumentType]


def test_a_share_of_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="max_overhead must be above 0"):
        watch(nn.Linear(1, 1), max_overhead=0.0)


def functions_seen(watched: Watch) -> list[bool]:
    return [any(layer.name == "relu" for layer in s.layers) for s in watched.view.samples]


def test_functions_that_no_layer_calls_are_seen_in_each_sample() -> None:
    _, _, watched = trained("ResNet with batch norm", steps=40, every=1)
    assert watched is not None
    assert functions_seen(watched) == [True] * 39


def test_a_function_that_is_called_later_is_found() -> None:
    class Late(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.is_late = nn.Linear(5, 5), False

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.layer(x)) if self.is_late else self.layer(x)

    model = Late()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watch(model, optimizer, every=1) as watched:
        steps_of(model, optimizer, watched, 20)
        model.is_late = True
        steps_of(model, optimizer, watched, 40)
    seen = functions_seen(watched)
    first = seen.index(True)
    assert 19 <= first <= 19 + 16
    assert all(seen[first:])


def test_the_changes_of_all_weights_are_in_each_sample() -> None:
    _, _, watched = trained("transformer", steps=4, every=1)
    assert watched is not None
    ratios = [weight.update_ratio for weight in watched.view.last.weights]
    assert len(ratios) > 8
    assert all(ratio is not None and 0 < ratio < 1 for ratio in ratios)
