"""A remedy that has nothing to change, or cannot change it, says so in a sentence."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.examples import Examples
from headway.doctor.program import Program
from headway.doctor.remedies import (
    AddHead,
    AddPositions,
    AddResidual,
    AddToOptimizer,
    ClassWeights,
    CompressInput,
    Deepen,
    DropBadSamples,
    DropLeak,
    DropoutFollowsMode,
    EarlyStopping,
    EqualRates,
    FixLabels,
    Float32,
    GroupNormForBatchNorm,
    ImputeBadValues,
    InsertActivation,
    InsertDropout,
    InsertNormalization,
    LoosenClip,
    OpenGates,
    PadInFront,
    ReconnectGradient,
    Reinitialize,
    Remedy,
    RemoveHead,
    ReplaceLoss,
    SetBatchNormMomentum,
    SetBatchSize,
    SetDropout,
    SetEpochs,
    SetLabelSmoothing,
    SetOptimizer,
    SetSchedule,
    SetWeightDecay,
    Shuffle,
    SqueezeShapes,
    StandardizeInput,
    SwapActivation,
    Together,
    TrainMode,
    Unfreeze,
    UnfreezeBatchNorm,
    UsualStep,
    Widen,
    ZeroGrad,
)
from headway.errors import RemedyDoesNotFit

Digits = Callable[..., Program]


@pytest.mark.parametrize(
    ("remedy", "words"),
    [
        (DropBadSamples(), "all values of all samples are finite"),
        (ImputeBadValues(), "all input values are finite"),
        (DropLeak(), "no validation sample is in the training data"),
        (SwapActivation("relu"), "no hidden activation other than relu"),
        (InsertActivation(), "no two layers follow each other without"),
        (AddResidual(), "fewer than two hidden layers keep the shape"),
        (RemoveHead(), "ends in a layer"),
        (ReplaceLoss("cross_entropy"), "trains by it already"),
        (FixLabels("from_zero"), "written so already"),
        (FixLabels("whole"), "written so already"),
        (SqueezeShapes(), "another number of values"),
        (AddToOptimizer(), "holds every parameter"),
        (Unfreeze(), "no parameter is frozen"),
        (Unfreeze(("body",)), "no parameter in body is frozen"),
        (EqualRates(), "no group has a learning rate of 0"),
        (ReconnectGradient(), "no detach"),
        (ZeroGrad(), "zero already"),
        (UsualStep(), "usual step already"),
        (LoosenClip(), "clips no gradient"),
        (PadInFront(), "filled up at the end"),
        (AddPositions(), "vector of each step"),
        (OpenGates(), "no recurrent layer"),
        (TrainMode(), "training mode already"),
        (GroupNormForBatchNorm(), "no batch norm"),
        (UnfreezeBatchNorm(), "no batch norm is in evaluation mode"),
        (SetBatchNormMomentum(), "no batch norm"),
        (SetBatchSize(32), "hold 32 samples already"),
        (Shuffle(), "in a new order already"),
        (SetEpochs(6), "6 epochs already"),
        (SetSchedule("constant"), "constant already"),
        (SetDropout(), "no dropout of more than 0"),
        (DropoutFollowsMode(), "no dropout is on"),
        (SetWeightDecay(0.0), "the weight decay is 0 already"),
        (SetLabelSmoothing(0.0), "the label smoothing is 0 already"),
        (Float32(), "no weight is in half precision"),
        (Widen(16), "no hidden layer has fewer than 16 units"),
        (Together((SetEpochs(3), RemoveHead())), "ends in a layer"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Remedy) else "",
)
def test_a_healthy_program_is_refused(
    on_digits: Digits, remedy: Remedy, words: str
) -> None:
    with pytest.raises(RemedyDoesNotFit, match=words):
        remedy.apply(on_digits())


class Branches(nn.Module):
    """Two layers beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(64, 8), nn.Linear(64, 8)
        self.last = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.left(x) + self.right(x)))


class FixedView(nn.Module):
    """A network that has its widths in its forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.last = nn.Conv2d(1, 4, 3), nn.Linear(144, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.conv(x.view(-1, 1, 8, 8))).view(len(x), 4 * 36))


class Constant(nn.Module):
    """A model without weights."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :10]


def grouped() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (2, 32)),
        nn.Conv1d(2, 4, 3, groups=2),
        nn.Flatten(),
        nn.LazyLinear(10),
    )


@pytest.mark.parametrize(
    ("remedy", "model", "words"),
    [
        (Widen(32), Branches, "no chain of layers: add .* several signals"),
        (Widen(64), FixedView, "counts on the old widths"),
        (Widen(32), lambda: nn.LogSoftmax(dim=1), "no hidden layer"),
        (Deepen(), lambda: nn.Linear(64, 10), "single layer"),
        (Deepen(), nn.Tanh, "no linear layer"),
        (
            AddHead("sigmoid"),
            lambda: nn.Sequential(nn.Linear(64, 10), nn.Sigmoid()),
            "ends in",
        ),
        (
            InsertNormalization(),
            lambda: nn.Linear(64, 10),
            "no hidden layer without a norm",
        ),
        (InsertDropout(), lambda: nn.Linear(64, 10), "no hidden activation"),
        (
            InsertDropout(),
            lambda: nn.Sequential(nn.Linear(64, 10), nn.Dropout()),
            "already",
        ),
        (Reinitialize(), lambda: nn.Linear(64, 10).requires_grad_(False), "can learn"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Remedy) else "",
)
def test_what_a_model_does_not_allow_is_refused(
    on_digits: Digits, remedy: Remedy, model: Callable[[], nn.Module], words: str
) -> None:
    program = on_digits(model, optimizer=of_anything)
    with pytest.raises(RemedyDoesNotFit, match=words):
        remedy.apply(program)


def test_a_loss_that_cannot_read_the_outputs_is_refused(on_digits: Digits) -> None:
    program = on_digits(lambda: nn.Linear(64, 3))
    for name in ("cross_entropy", "bce"):
        with pytest.raises(RemedyDoesNotFit, match="does not take these outputs"):
            ReplaceLoss(name).apply(program)


def of_anything(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD([*parameters, nn.Parameter(torch.zeros(1))], lr=0.1)


@pytest.mark.parametrize("scale", [1.0, 1.3], ids=["standardized", "nearly so"])
def test_standardized_columns_are_not_standardized_again(
    on_digits: Digits, scale: float
) -> None:
    """A change of nothing wins by luck alone, as where a training is not steady."""
    program = on_digits(inputs=lambda x: scale * torch.randn_like(x) + 0.2)
    with pytest.raises(RemedyDoesNotFit, match="standardized already"):
        StandardizeInput().apply(program)


def test_one_column_of_another_size_is_standardized(on_digits: Digits) -> None:
    columns = torch.ones(64).index_fill(0, torch.tensor([3]), 50.0)
    program = on_digits(inputs=lambda x: columns * torch.randn_like(x))
    assert StandardizeInput().apply(program).model.layers["input_0"].scale[3] > 20


def test_whole_numbers_are_not_standardized(on_digits: Digits) -> None:
    program = on_digits(
        lambda: nn.Embedding(256, 10), inputs=lambda x: (x[:, 20] * 16).long()
    )
    with pytest.raises(RemedyDoesNotFit, match="no floating-point input"):
        StandardizeInput().apply(program)


@pytest.mark.parametrize(
    "inputs",
    [lambda x: x, lambda x: x * 1e4, lambda x: torch.randn_like(x).exp()],
    ids=["pixels", "large pixels", "a mild tail"],
)
def test_inputs_without_huge_numbers_are_not_compressed(
    on_digits: Digits, inputs: Callable[[Tensor], Tensor]
) -> None:
    with pytest.raises(RemedyDoesNotFit, match="no column"):
        CompressInput().apply(on_digits(inputs=inputs))


def test_early_stopping_needs_validation_data(on_digits: Digits) -> None:
    for remedy in (EarlyStopping(), DropLeak()):
        with pytest.raises(RemedyDoesNotFit, match="no validation data"):
            remedy.apply(on_digits(val=None))


def test_a_loss_without_weights_is_refused(on_digits: Digits) -> None:
    with pytest.raises(RemedyDoesNotFit, match="takes no weights"):
        ClassWeights().apply(on_digits(loss_fn=nn.MultiMarginLoss()))


def test_values_have_no_classes_to_balance(on_digits: Digits) -> None:
    program = on_digits(loss_fn=nn.MSELoss(), targets=lambda y: y[:, None] * 0.37)
    with pytest.raises(RemedyDoesNotFit, match="no classes"):
        ClassWeights("sampler").apply(program)


class Stream:
    """Batches that nobody can reorder."""

    def __init__(self, source: Any) -> None:
        self._batches = list(Examples(source=source).batches())

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)


def test_a_stream_decides_about_its_batches_alone(on_digits: Digits) -> None:
    stream = Stream(on_digits().train.source)
    for remedy in (SetBatchSize(7), Shuffle()):
        with pytest.raises(RemedyDoesNotFit, match="Stream, which alone decides"):
            remedy.apply(on_digits(train=Examples(source=stream)))


def test_streams_are_standardized_too(on_digits: Digits) -> None:
    stream = Stream(on_digits().train.source)
    program = StandardizeInput().apply(on_digits(train=Examples(source=stream)))
    assert program.model.layers["input_0"].mean.shape == (64,)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ReplaceLoss("nonsense"), "unknown loss 'nonsense'"),  # type: ignore
        (lambda: FixLabels("x"), "unknown change 'x'"),  # type: ignore
        (lambda: SwapActivation("x"), "unknown activation 'x'"),  # type: ignore
        (lambda: AddHead("x"), "unknown head 'x'"),  # type: ignore
        (lambda: SetOptimizer("x"), "unknown optimizer 'x'"),  # type: ignore
        (lambda: Reinitialize("x"), "unknown scheme 'x'"),  # type: ignore
    ],
    ids=["loss", "labels", "activation", "head", "optimizer", "scheme"],
)
def test_unknown_names_are_refused_with_the_known_ones(
    make: Callable[[], Remedy], words: str
) -> None:
    with pytest.raises(ValueError, match=f"{words}; known: "):
        make()
