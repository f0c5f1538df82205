"""What a remedy does not concern stays as it was."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from headway.doctor.examples import Examples
from headway.doctor.program import Program, call_model
from headway.doctor.remedies import (
    ClipGradients,
    Deepen,
    GroupNormForBatchNorm,
    InsertActivation,
    InsertDropout,
    InsertNormalization,
    Reinitialize,
    RemoveHead,
    SetBatchSize,
    SetLearningRate,
    SetOptimizer,
    SetSchedule,
    StandardizeInput,
    SwapActivation,
    Unfreeze,
    Widen,
)
from headway.doctor.training import train

Digits = Callable[..., Program]


def held(program: Program) -> set[nn.Parameter]:
    return {p for group in program.optimizer.param_groups for p in group["params"]}


def two_rates(parameters: Any) -> torch.optim.Optimizer:
    first, *others = parameters
    return torch.optim.SGD(
        [
            {"params": [first], "lr": 0.01, "weight_decay": 0.1},
            {"params": others, "lr": 0.1},
        ],
        momentum=0.7,
    )


def normed() -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Sigmoid(), nn.Linear(16, 10)
    )


@pytest.mark.parametrize(
    "remedy",
    [GroupNormForBatchNorm(), Widen(32), Deepen(), Reinitialize(), SwapActivation("relu")],
    ids=repr,
)
def test_the_optimizer_holds_exactly_the_parameters_of_the_changed_model(
    on_digits: Digits, remedy: Any
) -> None:
    program = remedy.apply(on_digits(normed))
    assert held(program) == set(program.model.parameters())
    assert isinstance(program.optimizer, torch.optim.SGD)
    assert program.optimizer.param_groups[0]["momentum"] == 0.9


def test_new_parameters_join_the_group_of_those_that_they_replace(
    on_digits: Digits,
) -> None:
    program = Widen(32).apply(on_digits(normed, optimizer=two_rates))
    first, others = program.optimizer.param_groups
    weight = program.model.get_parameter("0.weight")
    assert any(p is weight for p in first["params"])
    assert first["weight_decay"] == 0.1
    assert others["lr"] == 0.1
    assert len(others["params"]) == 5


def test_parameters_that_the_optimizer_did_not_hold_stay_out(on_digits: Digits) -> None:
    def last_layer(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(list(parameters)[-2:], lr=0.1)

    program = GroupNormForBatchNorm().apply(on_digits(normed, optimizer=last_layer))
    assert len(held(program)) == 2


def test_groups_keep_the_ratio_of_their_rates(on_digits: Digits) -> None:
    for remedy in (SetLearningRate(0.5), SetOptimizer("adam", 0.5)):
        program = remedy.apply(on_digits(optimizer=two_rates))
        rates = [group["lr"] for group in program.optimizer.param_groups]
        assert rates == pytest.approx([0.05, 0.5])


def test_a_new_optimizer_keeps_the_weight_decay_of_each_group(on_digits: Digits) -> None:
    program = SetOptimizer("adamw", 0.01).apply(on_digits(optimizer=two_rates))
    assert [g["weight_decay"] for g in program.optimizer.param_groups] == [0.1, 0]


@pytest.mark.parametrize(
    "make",
    [
        lambda o: torch.optim.lr_scheduler.StepLR(o, 2, gamma=0.1),
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=114),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 6, eta_min=0.01),
        lambda o: torch.optim.lr_scheduler.SequentialLR(
            o,
            [
                torch.optim.lr_scheduler.LinearLR(o, 0.1, total_iters=2),
                torch.optim.lr_scheduler.StepLR(o, 2),
            ],
            [2],
        ),
        lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.5**epoch),
    ],
    ids=["step", "one-cycle", "cosine", "sequential", "lambda"],
)
@pytest.mark.parametrize(
    "remedy", [SetLearningRate(0.01), SetOptimizer("sgd", 0.01)], ids=["rate", "optimizer"]
)
def test_a_schedule_keeps_its_shape(on_digits: Digits, make: Any, remedy: Any) -> None:
    before = rates_of(on_digits(scheduler=make))
    after = rates_of(remedy.apply(on_digits(scheduler=make)))
    assert after == pytest.approx([rate / 10 for rate in before])


def rates_of(program: Program) -> list[float]:
    rates: list[float] = []

    def note(*_: Any) -> None:
        rates.append(float(program.optimizer.param_groups[0]["lr"]))

    train(program, on_step=note, evaluations=0)
    return rates


def test_a_cosine_starts_at_the_peak_of_the_schedule_before(on_digits: Digits) -> None:
    program = on_digits(
        scheduler=lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.3, total_steps=114)
    )
    rates = rates_of(SetSchedule("cosine").apply(program))
    assert rates[0] == pytest.approx(0.3)
    assert rates[-1] < 0.05


def test_a_new_optimizer_still_clips(on_digits: Digits) -> None:
    program = SetOptimizer("sgd", 1.0).apply(ClipGradients(1e-4).apply(on_digits()))
    before = [p.detach().clone() for p in program.model.parameters()]
    program.update(*next(program.train.batches()))
    moved = [
        (p - b).norm() for p, b in zip(program.model.parameters(), before, strict=True)
    ]
    assert torch.stack(moved).norm() < 1.1e-4


def test_frozen_parameters_stay_as_they_are(on_digits: Digits) -> None:
    def frozen() -> nn.Module:
        model = normed()
        model[0].requires_grad_(False)
        return model

    before = on_digits(frozen).model.get_parameter("0.weight")
    program = Reinitialize().apply(on_digits(frozen))
    assert torch.equal(program.model.get_parameter("0.weight"), before)
    assert not torch.equal(
        program.model.get_parameter("3.weight"), on_digits(frozen).model[3].weight
    )


class Tied(nn.Module):
    """An autoencoder of one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(64, 32)
        self.decoder = nn.Linear(32, 64)
        self.decoder.weight = nn.Parameter(self.encoder.weight.detach().clone().T)
        self.again = nn.Linear(64, 32)
        self.again.weight = self.encoder.weight

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.sigmoid(self.again(x) + self.encoder(x))
        return self.decoder(hidden)


@pytest.mark.parametrize("remedy", [Reinitialize(), StandardizeInput()], ids=repr)
def test_tied_weights_stay_tied(on_digits: Digits, remedy: Any) -> None:
    program = remedy.apply(on_digits(Tied, loss_fn=nn.MSELoss()))
    assert program.model.again.weight is program.model.encoder.weight


def test_a_model_in_evaluation_mode_stays_in_it(on_digits: Digits) -> None:
    for remedy in (StandardizeInput(), InsertNormalization(), SwapActivation("relu")):
        program = remedy.apply(on_digits(lambda: normed_without().eval()))
        assert not any(module.training for module in program.model.modules())


def normed_without() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 16), nn.Sigmoid(), nn.Linear(16, 10))


def test_double_precision_stays(on_digits: Digits) -> None:
    def make() -> Program:
        return on_digits(lambda: normed().double(), inputs=lambda x: x.double())

    for remedy in (Widen(32), Deepen(), Reinitialize(), StandardizeInput()):
        program = remedy.apply(make())
        assert all(p.dtype == torch.float64 for p in program.model.parameters())
        train(program, max_steps=2, evaluations=1)


def test_a_loader_keeps_its_samples_when_its_batches_change(on_digits: Digits) -> None:
    x, y = on_digits().train.source
    loader = DataLoader(TensorDataset(x, y), batch_size=100)
    program = on_digits(train=Examples(source=loader))
    changed = SetBatchSize(50).apply(program).train
    assert [len(t) for _, t in changed.batches()] == [50] * 12
    assert not changed.shuffle
    assert torch.equal(torch.cat([t for _, t in changed.batches()]), y)


def test_an_activation_that_is_used_as_the_head_too_stays_there(on_digits: Digits) -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(64, 16), nn.Linear(16, 10)
            self.act = nn.Sigmoid()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.last(self.act(self.first(x))))

    x = on_digits().train.source[0][:8]
    program = SwapActivation("relu").apply(on_digits(Shared))
    net = program.model
    expected = net.last(net.first(x).relu()).sigmoid()
    assert torch.equal(net(x), expected)
    head_off = RemoveHead().apply(on_digits(Shared)).model
    assert torch.equal(head_off(x), head_off.last(head_off.first(x).sigmoid()))


class Gated(nn.Module):
    """A cell by hand, a gate, attention by hand, and one activation between layers."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(8 + 16, 16)
        self.gate, self.signal = nn.Linear(16, 16), nn.Linear(16, 16)
        self.q, self.k, self.v = (nn.Linear(16, 16) for _ in range(3))
        self.hidden, self.last = nn.Linear(16, 16), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), 16)
        states = []
        for row in x.view(len(x), 8, 8).unbind(1):
            h = torch.tanh(self.cell(torch.cat([row, h], dim=1)))
            states.append(h)
        s = torch.stack(states, dim=1)
        s = torch.sigmoid(self.gate(s)) * self.signal(s)
        scores = torch.softmax(self.q(s) @ self.k(s).transpose(1, 2), dim=-1)
        s = scores @ self.v(s)
        return self.last(torch.tanh(self.hidden(s.mean(dim=1))))


def test_only_activations_between_layers_are_swapped(on_digits: Digits) -> None:
    program = SwapActivation("relu").apply(on_digits(Gated))
    assert list(program.model.rules) == [("tanh", 8)]


def test_a_transformer_keeps_its_attention(on_digits: Digits) -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
            self.body = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
            self.last = nn.Linear(8, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.body(x.view(len(x), 8, 8)).mean(dim=1))

    program = SwapActivation("gelu").apply(on_digits(Small))
    assert list(program.model.rules) == [("relu", 0)]
    x = program.train.source[0][:4]
    program.model.train()
    expected = F.gelu(program.model.body.layers[0].linear1(torch.ones(1, 8)))
    assert expected.shape == (1, 16)
    assert not torch.equal(program.model(x), program.model.model(x))
    train(Reinitialize().apply(on_digits(Small)), max_steps=3, evaluations=1)


def test_wrappers_show_what_is_inside(on_digits: Digits) -> None:
    program = InsertDropout().apply(StandardizeInput().apply(on_digits(Gated)))
    assert isinstance(program.model.hidden, nn.Linear)
    assert len(list(program.model.parameters())) == len(list(Gated().parameters()))


def test_named_and_tuple_inputs_are_standardized_one_by_one(on_digits: Digits) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.linear = nn.Embedding(10, 4), nn.Linear(64, 10)

        def forward(self, image: Tensor, ids: Tensor) -> Tensor:
            return self.linear(image) + self.embedding(ids).sum()

    def named(x: Tensor) -> Any:
        return {"image": x * 255 + 7, "ids": torch.zeros(len(x), dtype=torch.long)}

    def pair(x: Tensor) -> Any:
        return tuple(named(x).values())

    for inputs in (named, pair):
        program = StandardizeInput().apply(on_digits(Two, inputs=inputs))
        batch = program.train.first(600)[0]
        seen: list[Tensor] = []
        program.model.linear.register_forward_pre_hook(
            lambda _, x, seen=seen: seen.append(x[0])
        )
        call_model(program.model, batch)
        assert seen[0].mean().abs() < 1e-4
        assert len(program.model.layers) == 1


def test_activations_go_behind_the_norm(on_digits: Digits) -> None:
    def linear() -> nn.Module:
        return nn.Sequential(nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Linear(8, 10)).eval()

    program = InsertActivation().apply(on_digits(linear))
    x = program.train.source[0][:4]
    first, norm, last = program.model.model
    assert torch.equal(program.model(x), last(norm(first(x)).relu()))


def test_only_the_named_layers_are_unfrozen(on_digits: Digits) -> None:
    program = on_digits(lambda: normed().requires_grad_(False))
    program = Unfreeze(("3",)).apply(program)
    learning = [name for name, p in program.model.named_parameters() if p.requires_grad]
    assert learning == ["3.weight", "3.bias"]


class ByHand(nn.Module):
    """Two matrices outside of any layer."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.first = nn.Parameter(scale * torch.randn(64, 32) / 48**0.5)
        self.second = nn.Parameter(0.01 * torch.randn(32, 10))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.first) @ self.second


@pytest.mark.parametrize(("scale", "is_kept"), [(9.0, False), (1.5, True)])
def test_matrices_outside_the_layers_start_anew_where_no_scheme_draws_such(
    on_digits: Callable[..., Program], scale: float, is_kept: bool
) -> None:
    program = on_digits(lambda: ByHand(scale))
    before = program.model.first.std().item()
    after = Reinitialize().apply(program).model.first.std().item()
    assert (after == pytest.approx(before)) is is_kept


class Heads(nn.Module):
    """Parts for each head in one parameter: 64 inputs, four times eight outputs."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.value = nn.Parameter(scale * torch.randn(64, 4, 8) / 48**0.5)
        self.output = nn.Parameter(scale * torch.randn(10, 4, 8) / 21**0.5)

    def forward(self, x: Tensor) -> Tensor:
        value = torch.einsum("bi,ihd->bhd", x, self.value)
        return torch.einsum("bhd,ohd->bo", value, self.output)


@pytest.mark.parametrize(("scale", "is_kept"), [(5.0, False), (3.0, True)])
def test_parts_for_each_head_start_anew_as_one_matrix(
    on_digits: Callable[..., Program], scale: float, is_kept: bool
) -> None:
    program = on_digits(lambda: Heads(scale))
    before = program.model.value.std().item(), program.model.output.std().item()
    model = Reinitialize().apply(program).model
    after = model.value.std().item(), model.output.std().item()
    usual = 48**-0.5, 21**-0.5
    assert after == pytest.approx(
        before if is_kept else usual, rel=1e-6 if is_kept else 0.1
    )
