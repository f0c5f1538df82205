"""Remedies for faults outside the layers: in losses, masks, centers and outputs."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from headway.doctor import remedies
from headway.doctor.evidence import Evidence
from headway.doctor.examples import Examples
from headway.doctor.finding import Cause, Finding
from headway.doctor.inference import infer_task
from headway.doctor.program import Program, call_model, seed_all
from headway.doctor.remedies import (
    BatchFirst,
    FixLabels,
    InvertMask,
    KeepLayers,
    OpenBlindMasks,
    OutputPerClass,
    PermuteAxes,
    ReconnectGradient,
    Remedy,
    ScaleOutput,
    SpreadParts,
    SqueezeShapes,
)
from headway.doctor.remedies.propose import propose
from headway.doctor.training import train
from headway.errors import RemedyDoesNotFit

Digits = Callable[..., Program]


def learned(program: Program) -> float:
    last = train(program, evaluations=1).last
    return (last.val or last.train).metric


def proposed(cause: Cause, make: Callable[[], Program], check: str = "") -> list[Remedy]:
    program = make()
    inputs, targets = program.train.first(64)
    outputs = call_model(program.model, inputs)
    task = infer_task(inputs, outputs, targets, program.loss_fn)
    evidence = Evidence(make=lambda _: make(), program=program, task=task)
    finding = Finding(
        cause=cause, severity="error", confidence=0.9, evidence="", remedy="", check=check
    )
    return propose(finding, evidence)


def program_of(
    model: nn.Module, data: tuple[Tensor, Tensor], loss_fn: Any, metric: Any, **others: Any
) -> Program:
    x, y = data
    half = len(x) // 2
    return Program(
        model=model,
        loss_fn=loss_fn,
        optimizer=torch.optim.Adam(model.parameters(), lr=others.pop("lr", 0.01)),
        train=Examples(source=(x[:half], y[:half]), batch_size=32, shuffle=True),
        val=Examples(source=(x[half:], y[half:]), shuffle=False),
        metric=metric,
        epochs=others.pop("epochs", 10),
        **others,
    )


def sums(count: int = 400) -> tuple[Tensor, Tensor]:
    x = torch.randn(count, 4, generator=torch.Generator().manual_seed(1))
    return x, x.sum(dim=1, keepdim=True)


def explained(output: Tensor, target: Tensor) -> float:
    output, target = output.flatten(), target.flatten()
    return 1 - float((output - target).square().mean() / target.var(unbiased=False))


def squares_of_all(output: Tensor, target: Tensor) -> Tensor:
    return (output.squeeze(-1) - target).square().mean()


def far_pairs(output: Tensor, target: Tensor) -> Tensor:
    values = target[:, 0]
    pairs = (values - values.unsqueeze(1)).square().mean()
    return (output - target).square().mean() + 0 * pairs


def with_loss(loss_fn: Any) -> Program:
    seed_all(0)
    return program_of(nn.Linear(4, 1), sums(), loss_fn, explained, lr=0.05)


def test_a_row_that_meets_a_column_inside_a_loss_is_compared_place_by_place() -> None:
    assert learned(with_loss(squares_of_all)) < 0.3
    assert learned(SqueezeShapes().apply(with_loss(squares_of_all))) > 0.9
    assert proposed("shape_broadcast", lambda: with_loss(squares_of_all))


def test_pairs_that_a_loss_makes_on_purpose_stay() -> None:
    with pytest.raises(RemedyDoesNotFit, match="one shape"):
        SqueezeShapes().apply(with_loss(far_pairs))


class Drawing(nn.Module):
    """A network that draws its hidden code."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 1)
        nn.init.zeros_(self.first.weight)

    def forward(self, x: Tensor) -> Tensor:
        code = self.first(x)
        if self.training:
            code = Normal(code, 0.1 * torch.ones_like(code)).sample()
        return self.last(code)


def drawing() -> Program:
    seed_all(0)
    return program_of(Drawing(), sums(), nn.MSELoss(), explained)


def test_what_is_drawn_from_a_normal_distribution_gets_a_gradient() -> None:
    assert learned(drawing()) < 0.1
    assert learned(ReconnectGradient().apply(drawing())) > 0.8


class Mixture(nn.Module):
    """Gaussians of one width: gives the log density of each row."""

    def __init__(self, centers: Tensor) -> None:
        super().__init__()
        self.centers = nn.Parameter(centers)

    def forward(self, x: Tensor) -> Tensor:
        far = (x[:, None] - self.centers).square().sum(-1)
        return torch.logsumexp(-2 * far, dim=1) - math.log(len(self.centers))


def mixture() -> Program:
    seed_all(0)
    corners = torch.tensor([[2.0, 2.0], [-2.0, 2.0], [2.0, -2.0], [-2.0, -2.0]])
    x = corners.repeat(100, 1) + 0.2 * torch.randn(400, 2)
    model = Mixture(torch.zeros(8, 2))
    nll = lambda out, _: -out.mean()  # noqa: E731
    return program_of(model, (x, x), nll, lambda out, _: float(out.mean()), lr=0.05)


@pytest.mark.parametrize("start", ["samples", "random"])
def test_components_that_start_alike_are_put_apart(start: Any) -> None:
    before, after = learned(mixture()), learned(SpreadParts(start).apply(mixture()))
    assert after > before + 2
    assert SpreadParts(start, "centers") in proposed("init", mixture)


def test_only_equal_parts_are_spread() -> None:
    with pytest.raises(RemedyDoesNotFit, match="equal parts"):
        SpreadParts().apply(drawing())


class Numbered(nn.Module):
    """A network that says the number of a class."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).squeeze(-1)


def of_rounded(output: Tensor, target: Tensor) -> float:
    return float((output.round() == target).float().mean())


def of_likeliest(output: Tensor, target: Tensor) -> float:
    return float((output.argmax(dim=1) == target).float().mean())


def numbered(on_digits: Digits, metric: Any, **others: Any) -> Program:
    settings = {"loss_fn": nn.MSELoss(), "targets": lambda y: y.float(), "metric": metric}
    return on_digits(Numbered, **(settings | others))


def test_a_network_that_says_numbers_of_classes_gets_an_output_for_each(
    on_digits: Digits,
) -> None:
    assert learned(numbered(on_digits, of_rounded)) < 0.6
    assert learned(OutputPerClass().apply(numbered(on_digits, of_rounded))) > 0.85
    for cause in ("loss_mismatch", "label_encoding"):
        assert OutputPerClass() in proposed(cause, lambda: numbered(on_digits, of_rounded))


def test_one_output_before_a_cross_entropy_becomes_ten(on_digits: Digits) -> None:
    def program() -> Program:
        single = lambda: nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))  # noqa: E731
        return on_digits(single, metric=of_likeliest)

    treated = OutputPerClass(10).apply(program())
    held = {p for group in treated.optimizer.param_groups for p in group["params"]}
    assert held == set(treated.model.parameters())
    assert learned(treated) > 0.85


def test_a_channel_of_numbers_becomes_one_for_each_class() -> None:
    seed_all(0)
    x = torch.rand(64, 1, 6, 6)
    y = (x * 2.99).floor()
    model = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(), nn.Conv2d(8, 1, 1))
    program = program_of(
        model,
        (x, y),
        nn.MSELoss(),
        of_rounded,
        lr=0.05,
        epochs=60,
    )
    treated = OutputPerClass().apply(program)
    assert call_model(treated.model, x[:2]).shape == (2, 3, 6, 6)
    assert learned(treated) > 0.6


def test_values_and_networks_of_many_outputs_have_no_missing_classes(
    on_digits: Digits,
) -> None:
    with pytest.raises(RemedyDoesNotFit, match="no numbers of classes"):
        OutputPerClass().apply(with_loss(nn.MSELoss()))
    with pytest.raises(RemedyDoesNotFit, match="not one output"):
        OutputPerClass().apply(on_digits())


class Attentive(nn.Module):
    """Sums up tokens by attention that leaves out what its mask names."""

    def __init__(self, kind: str, *, is_right: bool) -> None:
        super().__init__()
        self.embed = nn.Embedding(12, 16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.query = nn.Parameter(torch.randn(16))
        self.last = nn.Linear(16, 2)
        self.kind, self.is_right, self.filling = kind, is_right, -1e9

    def forward(self, x: Tensor) -> Tensor:
        hidden = (x == 0) == self.is_right
        h = self.embed(x)
        query = self.query.expand(len(x), 1, -1)
        if self.kind == "module":
            h = self.attention(query, h, h, key_padding_mask=hidden)[0]
        elif self.kind == "product":
            mask = ~hidden[:, None]
            h = nn.functional.scaled_dot_product_attention(query, h, h, attn_mask=mask)
        else:
            scores = (query @ h.transpose(1, 2) / 4).masked_fill(
                hidden[:, None], self.filling
            )
            h = scores.softmax(dim=-1) @ h
        return self.last(h[:, 0])


def attentive(kind: str, *, is_right: bool = False) -> Program:
    seed_all(0)
    x = torch.randint(1, 12, (400, 10))
    lengths = torch.randint(3, 8, (400, 1))
    x = x.masked_fill(torch.arange(10) >= lengths, 0)
    y = ((x > 6).sum(dim=1) > (x > 0).sum(dim=1) / 2).long()
    model = Attentive(kind, is_right=is_right)
    return program_of(model, (x, y), nn.CrossEntropyLoss(), "accuracy", epochs=12)


@pytest.mark.parametrize("kind", ["module", "product", "by hand"])
def test_a_mask_that_hides_the_tokens_is_inverted(kind: str) -> None:
    assert learned(attentive(kind)) < 0.75
    assert learned(InvertMask().apply(attentive(kind))) > 0.85
    assert proposed("gradient_wiring", lambda: attentive(kind), "attention_mask")


@pytest.mark.parametrize("kind", ["module", "product", "by hand"])
def test_a_mask_that_hides_the_padding_stays(kind: str) -> None:
    with pytest.raises(RemedyDoesNotFit, match="no mask"):
        InvertMask().apply(attentive(kind, is_right=True))


class Bounded(nn.Module):
    """A cell is the last layer: what it says stays below one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.cell = nn.LSTMCell(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.cell(torch.relu(self.body(x)))[0]


def bounded() -> Program:
    seed_all(0)
    x, y = sums()
    return program_of(Bounded(), (x, 3 * y), nn.MSELoss(), explained)


def test_an_output_that_a_cell_bounds_gets_the_range_of_the_targets() -> None:
    assert learned(bounded()) < 0.5
    treated = ScaleOutput().apply(bounded())
    held = {p for group in treated.optimizer.param_groups for p in group["params"]}
    assert held == set(treated.model.parameters())
    assert learned(treated) > 0.6
    assert ScaleOutput() in proposed("output_activation", bounded)


@pytest.mark.parametrize(
    "remedy",
    [
        BatchFirst(),
        InvertMask(),
        KeepLayers(),
        OpenBlindMasks(),
        OutputPerClass(3),
        PermuteAxes(),
        ScaleOutput(),
        SpreadParts("samples", "means"),
    ],
    ids=repr,
)
def test_it_prints_itself_as_code_and_as_a_sentence(remedy: Remedy) -> None:
    names = {name: getattr(remedies, name) for name in remedies.__all__}
    assert eval(repr(remedy), names) == remedy
    assert remedy.describe().endswith(".")
    assert isinstance(remedy, Remedy)
    assert max(len(line) for line in remedy.snippet().splitlines()) <= 96


def totals(outputs: Any, target: Tensor) -> Tensor:
    losses = [nn.functional.mse_loss(output, target[:, :1]) for output in outputs]
    return losses[0] + torch.tensor(losses[1:]).sum()


class TwoHeads(nn.Module):
    """Two answers to one question, of which the second is judged."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 1), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.first(x), self.second(x)


def two_heads() -> Program:
    seed_all(0)
    metric = lambda out, y: explained(out[1], y)  # noqa: E731
    return program_of(TwoHeads(), sums(), totals, metric, lr=0.05)


@pytest.mark.filterwarnings("ignore:.*copy construct.*", "ignore:.*to a scalar.*")
def test_losses_that_are_listed_in_a_new_tensor_keep_their_gradients() -> None:
    assert learned(two_heads()) < 0.5
    assert learned(ReconnectGradient().apply(two_heads())) > 0.9


class Steps(nn.Module):
    """Reads sequences by an LSTM, or by a view of the states of both directions."""

    def __init__(self, *, batch_first: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 16, batch_first=batch_first)
        self.last = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.lstm(x)[0][:, -1])


class BothWays(nn.Module):
    """Views the states of both directions as if the samples came first."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 8, batch_first=True, bidirectional=True)
        self.last = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.lstm(x)[1][0].view(len(x), 16))


def on_sequences(model: Callable[[], nn.Module]) -> Program:
    seed_all(0)
    x = torch.randn(400, 5, 2)
    return program_of(model(), (x, x[:, :, 0].sum(1, True)), nn.MSELoss(), explained)


@pytest.mark.parametrize(
    ("remedy", "model"),
    [(BatchFirst(), lambda: Steps(batch_first=False)), (PermuteAxes(), BothWays)],
    ids=["layer", "view"],
)
def test_samples_that_run_into_each_other_are_kept_apart(remedy: Any, model: Any) -> None:
    assert learned(on_sequences(model)) < 0.6
    assert learned(remedy.apply(on_sequences(model))) > 0.8
    assert remedy in proposed("shape_broadcast", lambda: on_sequences(model))


def of_rows(output: Tensor, target: Tensor) -> Tensor:
    rows = output.reshape(-1, output.shape[1])
    return nn.functional.cross_entropy(rows, target.reshape(-1).long())


def test_classes_go_last_before_scores_are_flattened() -> None:
    seed_all(0)
    x = torch.rand(64, 1, 4, 4)
    y = (x[:, 0] * 2.99).floor()
    model = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(), nn.Conv2d(8, 3, 1))
    treated = PermuteAxes().apply(program_of(model, (x, y), of_rows, None))
    output = model(x)
    wanted = nn.functional.cross_entropy(output, y.long())
    assert float(treated.loss_fn(output, y)) == pytest.approx(float(wanted))


def test_layers_and_views_that_are_right_stay(on_digits: Digits) -> None:
    right = lambda: on_sequences(lambda: Steps(batch_first=True))  # noqa: E731
    for remedy in (BatchFirst(), PermuteAxes()):
        with pytest.raises(RemedyDoesNotFit):
            remedy.apply(right())
    flat = on_digits(inputs=lambda x: x.reshape(-1, 1, 8, 8), model=Flattened)
    with pytest.raises(RemedyDoesNotFit, match="no view"):
        PermuteAxes().apply(flat)


class Flattened(nn.Module):
    """Views images as rows, as usual."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(x.view(len(x), -1))


class Passing(nn.Module):
    """Makes its last layers anew in each call."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.BatchNorm1d(4)(self.first(x))
        return nn.Linear(4, 1)(x)


def passing() -> Program:
    seed_all(0)
    return program_of(Passing(), sums(), nn.MSELoss(), explained, lr=0.05)


def test_layers_that_forward_makes_are_kept_and_learn() -> None:
    assert learned(passing()) < 0.3
    treated = KeepLayers().apply(passing())
    held = {p for group in treated.optimizer.param_groups for p in group["params"]}
    assert held == set(treated.model.parameters())
    assert learned(treated) > 0.9
    assert KeepLayers() in proposed("frozen_parameters", passing)
    assert KeepLayers() in proposed("gradient_wiring", passing)


def test_a_model_that_makes_no_layers_is_refused(on_digits: Digits) -> None:
    with pytest.raises(RemedyDoesNotFit, match="makes no layers"):
        KeepLayers().apply(on_digits())


def with_empty_texts(kind: str) -> Program:
    program = attentive(kind, is_right=True)
    x, _ = program.train.source
    x[::40] = 0
    if kind == "by hand":
        program.model.filling = float("-inf")
    return program


@pytest.mark.parametrize("kind", ["module", "by hand"])
def test_attention_with_nothing_to_see_sees_everything(kind: str) -> None:
    assert learned(with_empty_texts(kind)) < 0.7
    assert learned(OpenBlindMasks().apply(with_empty_texts(kind))) > 0.8
    assert OpenBlindMasks() in proposed("numerics", lambda: with_empty_texts(kind))


def test_attention_without_masks_is_never_blind(on_digits: Digits) -> None:
    with pytest.raises(RemedyDoesNotFit, match="mask"):
        OpenBlindMasks().apply(on_digits())


def test_labels_that_the_loss_would_refuse_are_left_as_they_are() -> None:
    def program() -> Program:
        seed_all(0)
        x, y = sums()
        return program_of(
            nn.Linear(4, 1), (x, (y > 0).float()), nn.BCEWithLogitsLoss(), None
        )

    with pytest.raises(RemedyDoesNotFit, match="does not take"):
        FixLabels("flat").apply(program())


@pytest.mark.parametrize("metric", ["r2", None])
def test_numbers_of_classes_are_judged_as_before(on_digits: Digits, metric: Any) -> None:
    treated = OutputPerClass().apply(numbered(on_digits, metric))
    x, y = treated.val.source
    said = call_model(treated.model, x).argmax(dim=1).float()
    assert treated.metric(call_model(treated.model, x), y) == pytest.approx(
        explained(said, y), abs=1e-5
    )
