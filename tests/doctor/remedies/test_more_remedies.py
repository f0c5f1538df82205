"""Remedies that change more than one fault shows: balance, leaks, stopping, precision, size."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from headway.doctor.examples import Examples
from headway.doctor.program import Program
from headway.doctor.remedies import (
    ClassWeights,
    CompressInput,
    Deepen,
    DropBadSamples,
    DropLeak,
    EarlyStopping,
    Float32,
    InsertDropout,
    StandardizeInput,
    Together,
    Widen,
)
from headway.doctor.training import train
from headway.errors import RemedyDoesNotFit

Digits = Callable[..., Program]


def imbalanced(on_digits: Digits, **others: Any) -> Program:
    """Fifteen zeros among the other digits, told apart by one output pair."""
    x, y = on_digits().train.source
    keep = torch.cat([(y == 8).nonzero()[:4, 0], (y != 8).nonzero()[:, 0]])
    source = (x[keep], (y[keep] == 8).long())
    val = Examples(source=(x, (y == 8).long()), shuffle=False)

    def recall(output: Tensor, target: Tensor) -> float:
        found = output.argmax(dim=1) == target
        return float(
            (found[target == 1].float().mean() + found[target == 0].float().mean()) / 2
        )

    settings = {"train": Examples(source=source), "val": val, "metric": recall} | others
    return on_digits(lambda: nn.Linear(64, 2), **settings)


@pytest.mark.parametrize("by", ["loss", "sampler"])
def test_rare_classes_are_found_when_all_count_the_same(
    on_digits: Digits, reached: Callable[[Program], float], by: Any
) -> None:
    before = reached(imbalanced(on_digits))
    after = reached(ClassWeights(by).apply(imbalanced(on_digits)))
    assert after > before + 0.1


@pytest.mark.parametrize(("by", "power"), [("loss", 1.0), ("root", 0.5)])
def test_rare_positions_are_weighted_like_rare_samples(
    on_digits: Digits, by: Any, power: float
) -> None:
    mask = torch.zeros(600, 1, 8, 8)
    mask[:, :, 2, 2:6] = 1
    program = on_digits(
        lambda: nn.Conv2d(1, 1, 3, padding=1),
        loss_fn=nn.BCEWithLogitsLoss(),
        inputs=lambda x: x.view(-1, 1, 8, 8),
        targets=lambda _: mask,
        val=None,
    )
    weighted = ClassWeights(by).apply(program)
    assert float(weighted.loss_fn.pos_weight) == pytest.approx(15**power)
    with pytest.raises(RemedyDoesNotFit, match="no classes to balance"):
        ClassWeights("sampler").apply(program)


def test_a_balanced_loader_draws_classes_equally_often(on_digits: Digits) -> None:
    x, y = imbalanced(on_digits).train.source
    loader = DataLoader(TensorDataset(x, y), batch_size=64)
    program = imbalanced(on_digits, train=Examples(source=loader))
    program = ClassWeights("sampler").apply(program)
    drawn = torch.cat([targets for _, targets in program.train.batches()])
    assert len(drawn) == len(y)
    assert 0.4 < drawn.float().mean() < 0.6


def test_balanced_tensors_can_be_examined_like_any_others(on_digits: Digits) -> None:
    program = ClassWeights("sampler").apply(imbalanced(on_digits))
    inputs, targets = program.train.some(300)
    assert len(inputs) == len(targets) == 300


def test_leaked_samples_leave_the_validation_data(on_digits: Digits) -> None:
    program = on_digits()
    x, y = program.train.source
    x_val, y_val = program.val.source
    both = Examples(source=(torch.cat([x[:50], x_val]), torch.cat([y[:50], y_val])))
    program = DropLeak().apply(on_digits(val=both))
    assert torch.equal(program.val.source[0], x_val)
    assert torch.equal(program.val.source[1], y_val)


@pytest.mark.parametrize("kind", ["data set", "loader"])
def test_bad_samples_leave_data_sets_and_loaders(on_digits: Digits, kind: str) -> None:
    x, y = on_digits().train.source
    x = x.clone()
    x[3, 5], x[70, 1] = torch.nan, torch.inf
    data = TensorDataset(x, y)
    source = data if kind == "data set" else DataLoader(data, batch_size=32)
    program = DropBadSamples().apply(on_digits(train=Examples(source=source)))
    seen = torch.cat([inputs for inputs, _ in program.train.batches()])
    assert len(seen) == 598
    assert seen.isfinite().all()


def test_early_stopping_ends_with_the_weights_of_the_best_epoch(on_digits: Digits) -> None:
    def noisy(y: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        other = torch.randint(10, y.shape, generator=generator)
        return torch.where(torch.rand(y.shape, generator=generator) < 0.4, other, y)

    def make() -> Program:
        return on_digits(
            lambda: nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)),
            targets=noisy,
            epochs=25,
        )

    course = train(make(), evaluations=25)
    losses = [evaluation.val.loss for evaluation in course.evaluations]
    stopped = train(EarlyStopping(3).apply(make()), evaluations=1).last.val.loss
    assert losses[-1] > 1.25 * min(losses)
    assert stopped == pytest.approx(min(losses), rel=1e-5)


def test_half_precision_becomes_single(on_digits: Digits) -> None:
    program = Float32().apply(
        on_digits(lambda: nn.Linear(64, 10).bfloat16(), inputs=lambda x: x.bfloat16())
    )
    inputs, _ = next(program.train.batches())
    assert inputs.dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in program.model.parameters())
    held = program.optimizer.param_groups[0]["params"]
    assert all(a is b for a, b in zip(held, program.model.parameters(), strict=True))


def test_dropout_is_off_in_evaluation(on_digits: Digits) -> None:
    program = InsertDropout(0.5).apply(on_digits())
    x = program.train.source[0][:4]
    assert not torch.equal(program.model(x), program.model(x))
    program.model.eval()
    assert torch.equal(program.model(x), program.model(x))


def conv() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 2, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 4),
        nn.LayerNorm(4),
        nn.ReLU(),
        nn.Linear(4, 10),
    )


def test_convolutions_norms_and_layers_behind_them_grow_together(on_digits: Digits) -> None:
    model = Widen(64).apply(on_digits(conv)).model
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters() if p.dim() > 1}
    assert shapes == {
        "1.weight": (16, 1, 3, 3),
        "6.weight": (64, 64),
        "9.weight": (10, 64),
    }
    assert model[1].stride == (2, 2)
    assert model[1].bias is None


class Reader(nn.Module):
    """A recurrent network that reads an image row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(8, 3, batch_first=True, bidirectional=True)
        self.last = nn.Linear(6, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.view(len(x), 8, 8))
        return self.last(states[:, -1])


def test_recurrent_layers_grow(on_digits: Digits) -> None:
    model = Widen(24).apply(on_digits(Reader)).model
    assert model.rnn.hidden_size == 24
    assert model.last.in_features == 48


def test_a_linear_model_gets_a_hidden_layer(on_digits: Digits) -> None:
    program = Deepen(2, 20).apply(on_digits(lambda: nn.Sequential(nn.Linear(64, 10))))
    kinds = [type(part).__name__ for part in program.model[0]]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    train(program, max_steps=3, evaluations=1)


def test_images_are_standardized_channel_by_channel(on_digits: Digits) -> None:
    def images(x: Tensor) -> Tensor:
        return torch.stack([x.view(-1, 8, 8) * 255, x.view(-1, 8, 8) + 5], dim=1)

    program = on_digits(
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(128, 10)), inputs=images
    )
    layer = StandardizeInput().apply(program).model.layers["input_0"]
    assert layer.mean.shape == (2, 1, 1)
    out = layer(program.train.source[0])
    assert torch.allclose(out.mean(dim=(0, 2, 3)), torch.zeros(2), atol=1e-3)
    assert torch.allclose(out.std(dim=(0, 2, 3)), torch.ones(2), atol=1e-3)


def heavy(x: Tensor) -> Tensor:
    """Digits of which a column has a few huge numbers."""
    numbers = torch.randn(len(x), generator=torch.Generator().manual_seed(0))
    return torch.cat([x[:, 1:], (3 * numbers).exp()[:, None]], dim=1)


def test_columns_with_huge_numbers_are_compressed_and_the_others_standardized(
    on_digits: Digits,
) -> None:
    program = on_digits(inputs=heavy)
    x = program.train.source[0]
    out = CompressInput().apply(program).model.layers["input_0"](x)
    middle = x[:, -1].median()
    spread = 1.4826 * (x[:, -1] - middle).abs().median()
    assert torch.allclose(out[:, -1], ((x[:, -1] - middle) / spread).asinh(), atol=1e-5)
    standardized = (
        StandardizeInput().apply(on_digits(inputs=heavy)).model.layers["input_0"](x)
    )
    assert torch.allclose(out[:, :-1], standardized[:, :-1], atol=1e-5)


def test_channels_with_huge_numbers_are_compressed(on_digits: Digits) -> None:
    def powers(x: Tensor) -> Tensor:
        images = x.view(-1, 1, 8, 8)
        numbers = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
        return torch.cat([images, (3 * numbers).exp()], dim=1)

    program = on_digits(
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(128, 10)), inputs=powers
    )
    layer = CompressInput().apply(program).model.layers["input_0"]
    assert layer.is_heavy.flatten().tolist() == [False, True]


def test_constant_columns_are_only_shifted(on_digits: Digits) -> None:
    program = StandardizeInput().apply(on_digits(inputs=lambda x: x * 0 + 7))
    x = program.train.source[0][:2]
    assert torch.equal(program.model.layers["input_0"](x), torch.zeros(2, 64))


def test_remedies_together_are_applied_in_order(on_digits: Digits) -> None:
    program = Together((Widen(40), StandardizeInput())).apply(on_digits())
    assert program.model.model[0].out_features == 40
