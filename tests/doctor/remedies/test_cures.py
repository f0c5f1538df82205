"""Each remedy makes a program learn that did not, and nothing else about it changes."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from headway.doctor import remedies
from headway.doctor.examples import BatchStream, Examples
from headway.doctor.program import Program
from headway.doctor.remedies import (
    AddHead,
    AddResidual,
    AddToOptimizer,
    ClipGradients,
    CompressInput,
    DropBadSamples,
    DropoutFollowsMode,
    EqualRates,
    FixLabels,
    Float32,
    GroupNormForBatchNorm,
    ImputeBadValues,
    InsertNormalization,
    LoosenClip,
    ReconnectGradient,
    RegisterLayers,
    Reinitialize,
    Remedy,
    RemoveHead,
    ReplaceLoss,
    ScaleLearningRate,
    SetBatchNormMomentum,
    SetBatchSize,
    SetDropout,
    SetEpochs,
    SetLabelSmoothing,
    SetLearningRate,
    SetOptimizer,
    SetSchedule,
    SetWeightDecay,
    Shuffle,
    SqueezeShapes,
    StableLoss,
    StandardizeInput,
    SwapActivation,
    Together,
    TrainMode,
    Unfreeze,
    UnfreezeBatchNorm,
    UsualMetric,
    UsualStep,
    Widen,
    ZeroGrad,
)

Digits = Callable[..., Program]


@dataclass(frozen=True)
class Case:
    """A remedy, the program that it repairs, and where both end."""

    remedy: Remedy
    faulty: Callable[[Digits], Program]
    below: float = 0.7
    above: float = 0.85

    def __repr__(self) -> str:
        return repr(self.remedy)


class Functional(nn.Module):
    """Layers whose activations are functions."""

    def __init__(
        self,
        activation: Callable[[Tensor], Tensor] = torch.relu,
        head: Callable[[Tensor], Tensor] = lambda x: x,
        depth: int = 1,
    ) -> None:
        super().__init__()
        self.first = nn.Linear(64, 32)
        self.middle = nn.ModuleList(nn.Linear(32, 32) for _ in range(depth))
        self.last = nn.Linear(32, 10)
        self.activation, self.head = activation, head

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.first(x))
        for layer in self.middle:
            x = self.activation(layer(x))
        return self.head(self.last(x))


class Cut(nn.Module):
    """A network whose first layer gets no gradient."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.first, self.last, self.how = nn.Linear(64, 32), nn.Linear(32, 10), how
        nn.init.normal_(self.first.weight, std=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        if self.how == "detach":
            x = x.detach()
        elif self.how == "data":
            x = x.data
        elif self.how == "numpy":
            x = torch.from_numpy(x.detach().numpy().copy())
        elif self.how == "list":
            x = torch.tensor(x.tolist())
        return self.last(torch.relu(x))


class Listed(nn.Module):
    """A network whose hidden layers are in a plain list, and start useless."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(64, 32), nn.Linear(32, 32)]
        nn.init.normal_(self.layers[0].weight, std=1e-3)
        self.last = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.last(x)


class Stepped(nn.Module):
    """A network whose hidden units are 0 or 1, and useless at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(64, 32), nn.Linear(32, 10)
        nn.init.zeros_(self.first.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.last((self.first(x) > 0).float())


class InHalf(nn.Module):
    """A network in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).half()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.half()).float()


class Again:
    """The first batch again and again."""

    def __init__(self, source: tuple[Tensor, Tensor]) -> None:
        self.inputs, self.targets = source

    def __len__(self) -> int:
        return len(self.targets) // 32

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(len(self)):
            yield self.inputs[:32], self.targets[:32]


class CutInside(nn.Module):
    """A network that computes its hidden layer without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(64, 32), nn.Linear(32, 10)
        nn.init.normal_(self.first.weight, std=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x = self.first(x)
        return self.last(torch.relu(x))


def deep(activation: type[nn.Module], depth: int = 8) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Linear(64, 32), activation()]
    for _ in range(depth):
        layers += [nn.Linear(32, 32), activation()]
    return nn.Sequential(*layers, nn.Linear(32, 10))


def small_init(std: float) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        model = nn.Sequential(
            nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
        )
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=std)
        return model

    return make


def evaluated(model: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: model().eval()


def with_frozen_norms() -> nn.Module:
    model = normed_mlp()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_var.fill_(1e4)
            module.eval()
    return model


def partly_frozen() -> nn.Module:
    model = small_init(1e-3)()
    model[0].requires_grad_(False)
    return model


def without_zero(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def without_backward(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    optimizer.step()
    return loss.detach()


def one_hot(y: Tensor) -> Tensor:
    return F.one_hot(y, 10)


def first_half(y: Tensor) -> Tensor:
    return (y < 5).float()


def own_nll(output: Tensor, target: Tensor) -> Tensor:
    return -torch.log(torch.softmax(output * 300, dim=1)[range(len(target)), target]).mean()


def holes(x: Tensor) -> Tensor:
    x = x.clone()
    x[::7, 3] = torch.nan
    return x


def sorted_digits(digits: Digits) -> Program:
    program = digits(shuffle=False)
    x, y = program.train.source
    order = y.argsort()
    return digits(shuffle=False, train=Examples(source=(x[order], y[order]), shuffle=False))


def sorted_loader(digits: Digits) -> Program:
    x, y = sorted_digits(digits).train.source
    return digits(train=Examples(source=DataLoader(TensorDataset(x, y), batch_size=32)))


def groups_with_zero(parameters: Iterator[nn.Parameter]) -> torch.optim.Optimizer:
    *others, last = parameters
    groups = [{"params": others, "lr": 0.0}, {"params": [last], "lr": 0.2}]
    return torch.optim.SGD(groups)


def mlp_with(
    *heads: nn.Module, num_outputs: int = 10, dropout: float = 0.0, width: int = 32
) -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(width, num_outputs),
        *heads,
    )


def normed_mlp(norm: Callable[[int], nn.Module] = nn.BatchNorm1d) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 32), norm(32), nn.ReLU(), nn.Linear(32, 10))


def narrow() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 1), nn.ReLU(), nn.Linear(1, 10))


def dead_head() -> nn.Module:
    model = mlp_with(nn.ReLU())
    nn.init.constant_(model[3].bias, -20.0)
    return model


def momentum_zero(channels: int) -> nn.Module:
    norm = nn.BatchNorm1d(channels, momentum=0.0)
    norm.running_var.fill_(1e4)
    return norm


def of_another(_: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(mlp_with().parameters(), lr=0.3)


def of_rate(lr: float) -> Callable[[Any], torch.optim.Optimizer]:
    return lambda parameters: torch.optim.SGD(parameters, lr=lr)


def adam(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=5e-3)


def maximizing(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.05, maximize=True)


def decayed(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.2, weight_decay=1.0)


def decaying(optimizer: Any) -> Any:
    for group in optimizer.param_groups:
        group["lr"] = 0.2
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1e-4 * 0.1**epoch)


def argmax_of_all(output: Tensor, target: Tensor) -> float:
    return float((output.argmax() == target).float().mean())


def softmax(x: Tensor) -> Tensor:
    return F.softmax(x, dim=1)


def dropped(x: Tensor) -> Tensor:
    return F.dropout(x.relu(), 0.6)


def often_dropped(x: Tensor) -> Tensor:
    return F.dropout(x.relu(), 0.95)


def spiky(output: Tensor, target: Tensor) -> Tensor:
    return (1e4 if target[0] == 3 else 1.0) * F.cross_entropy(output, target)


def shrunk(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target) * 2e-7


def steep(output: Tensor, target: Tensor) -> Tensor:
    return 1e3 * F.cross_entropy(output, target)


def broadcast(digits: Digits) -> Program:
    """A regression of (N,) targets by (N, 1) outputs."""
    x, _ = digits().train.source
    part = Examples(source=(x, x @ torch.linspace(-1, 1, 64)))
    return digits(
        lambda: nn.Linear(64, 1),
        loss_fn=F.mse_loss,
        optimizer=lambda p: torch.optim.Adam(p, lr=0.02),
        metric="r2",
        train=part,
        val=part,
        epochs=20,
    )


def with_surges(x: Tensor) -> Tensor:
    """Digits beside columns that surge now and then."""
    numbers = torch.randn(len(x), 8, generator=torch.Generator().manual_seed(0))
    return torch.cat([x[:, 8:], (3 * numbers).exp()], dim=1)


def clipped_to_nothing(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1e-4)
    optimizer.step()
    return loss


def clamped_to_nothing(model: Any, optimizer: Any, loss_fn: Any, x: Any, y: Any) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    for parameter in model.parameters():
        parameter.grad.clamp_(-1e-6, 1e-6)
    optimizer.step()
    return loss


CASES = [
    Case(
        StandardizeInput(),
        lambda d: d(
            inputs=lambda x: torch.cat([x[:, :32] * 1e-3 + 100, x[:, 32:] * 1e3], dim=1)
        ),
    ),
    Case(CompressInput(), lambda d: d(inputs=with_surges)),
    Case(DropBadSamples(), lambda d: d(inputs=holes)),
    Case(ImputeBadValues(), lambda d: d(inputs=holes)),
    Case(Reinitialize(), lambda d: d(small_init(0.0))),
    Case(Reinitialize("lsuv"), lambda d: d(small_init(1e-4))),
    Case(Reinitialize("xavier"), lambda d: d(small_init(1e-4))),
    # Weights of a third of He's variance learn later.
    Case(Reinitialize("torch"), lambda d: d(small_init(0.0)), 0.3, 0.7),
    Case(SwapActivation("relu"), lambda d: d(lambda: deep(nn.Sigmoid, 3), optimizer=adam)),
    Case(
        SwapActivation("gelu"),
        lambda d: d(lambda: Functional(torch.sigmoid, depth=3), optimizer=adam, epochs=8),
    ),
    Case(InsertNormalization(), lambda d: d(small_init(1e-3))),
    Case(InsertNormalization("layer"), lambda d: d(small_init(1e-3), epochs=9)),
    Case(AddResidual(), lambda d: d(lambda: deep(nn.ReLU, 12), optimizer=adam)),
    Case(RemoveHead(), lambda d: d(dead_head, epochs=10)),
    Case(RemoveHead("softmax"), lambda d: d(lambda: mlp_with(nn.Softmax(dim=1)))),
    Case(
        RemoveHead("softmax"),
        lambda d: d(lambda: Functional(head=softmax), epochs=9),
    ),
    Case(AddHead("log_softmax"), lambda d: d(loss_fn=nn.NLLLoss())),
    Case(ReplaceLoss("cross_entropy"), lambda d: d(loss_fn=nn.NLLLoss())),
    Case(
        ReplaceLoss("cross_entropy"),
        lambda d: d(loss_fn=lambda o, t: -F.cross_entropy(o, t), targets=lambda y: y),
    ),
    Case(
        ReplaceLoss("bce_with_logits"),
        lambda d: d(
            lambda: mlp_with(num_outputs=1),
            loss_fn=lambda o, t: F.mse_loss(o.sigmoid() * 0, t[:, None]),
            targets=first_half,
        ),
        below=0.7,
        above=0.8,
    ),
    Case(SqueezeShapes(), broadcast, 0.3, 0.9),
    Case(FixLabels("from_zero"), lambda d: d(targets=lambda y: y + 1)),
    Case(FixLabels("consecutive"), lambda d: d(targets=lambda y: y * 3)),
    Case(FixLabels("flat"), lambda d: d(targets=lambda y: y[:, None])),
    Case(FixLabels("whole"), lambda d: d(targets=lambda y: y.float())),
    Case(FixLabels("ids_of_one_hot"), lambda d: d(targets=one_hot)),
    Case(
        FixLabels("zero_one"),
        lambda d: d(
            lambda: mlp_with(nn.Flatten(0), num_outputs=1),
            loss_fn=nn.BCEWithLogitsLoss(),
            targets=lambda y: first_half(y) * 2 - 1,
            metric=lambda o, t: float(((o > 0) == (t > 0)).float().mean()),
            optimizer=lambda p: torch.optim.SGD(p, lr=1.0),
        ),
        below=0.7,
        above=0.8,
    ),
    Case(AddToOptimizer(), lambda d: d(optimizer=of_another)),
    Case(Together((Unfreeze(), Reinitialize())), lambda d: d(partly_frozen), 0.7, 0.85),
    Case(RegisterLayers(), lambda d: d(Listed, epochs=10)),
    Case(UsualMetric(), lambda d: d(metric=argmax_of_all)),
    Case(EqualRates(), lambda d: d(optimizer=groups_with_zero)),
    Case(ReconnectGradient(), lambda d: d(lambda: Cut("detach"), epochs=12)),
    Case(ReconnectGradient(), lambda d: d(lambda: Cut("data"), epochs=12)),
    Case(ReconnectGradient(), lambda d: d(CutInside, epochs=12)),
    Case(ReconnectGradient(), lambda d: d(lambda: Cut("numpy"), epochs=12)),
    Case(ReconnectGradient(), lambda d: d(lambda: Cut("list"), epochs=12)),
    Case(SwapActivation("relu"), lambda d: d(Stepped, epochs=9)),
    Case(Float32(), lambda d: d(InHalf, optimizer=of_rate(1e6), loss_fn=shrunk)),
    Case(Shuffle(), lambda d: d(train=Examples(source=Again(d().train.source))), below=0.8),
    Case(
        Shuffle(),
        lambda d: d(train=Examples(source=BatchStream(Again(d().train.source)))),
        below=0.8,
    ),
    Case(
        FixLabels("zero_one"),
        lambda d: d(
            lambda: mlp_with(num_outputs=1),
            loss_fn=nn.BCEWithLogitsLoss(),
            targets=lambda y: first_half(y)[:, None] * 255,
            metric=lambda o, t: float(((o > 0) == (t > 0)).float().mean()),
        ),
    ),
    Case(ZeroGrad(), lambda d: d(step=without_zero)),
    Case(UsualStep(), lambda d: d(step=without_backward)),
    Case(TrainMode(), lambda d: d(evaluated(with_frozen_norms))),
    Case(UnfreezeBatchNorm(), lambda d: d(with_frozen_norms)),
    Case(SetBatchNormMomentum(), lambda d: d(lambda: normed_mlp(momentum_zero))),
    Case(
        GroupNormForBatchNorm(),
        lambda d: d(normed_mlp, batch_size=2, epochs=2, optimizer=of_rate(0.05)),
        below=0.85,
    ),
    Case(SetLearningRate(0.2), lambda d: d(optimizer=of_rate(1e-4))),
    Case(SetLearningRate(0.2, warmup_steps=10), lambda d: d(optimizer=of_rate(1e3))),
    Case(ScaleLearningRate(1e-3), lambda d: d(optimizer=of_rate(200.0))),
    Case(ClipGradients(0.5), lambda d: d(loss_fn=steep)),
    Case(ClipGradients(None), lambda d: d(loss_fn=spiky)),
    Case(LoosenClip(), lambda d: d(step=clipped_to_nothing)),
    Case(LoosenClip(50.0), lambda d: d(step=clamped_to_nothing)),
    Case(SetOptimizer("adam", 0.01), lambda d: d(optimizer=of_rate(1e-4))),
    Case(SetOptimizer("adamw", 0.01), lambda d: d(optimizer=maximizing)),
    Case(SetOptimizer("sgd"), lambda d: d(optimizer=of_rate(1e-4))),
    Case(SetBatchSize(16), lambda d: d(batch_size=600)),
    Case(Shuffle(), sorted_digits),
    Case(Shuffle(), sorted_loader),
    Case(SetEpochs(8), lambda d: d(epochs=1)),
    Case(SetSchedule("constant"), lambda d: d(scheduler=decaying)),
    Case(SetSchedule("cosine"), lambda d: d(scheduler=decaying)),
    Case(SetDropout(0.0), lambda d: d(lambda: mlp_with(dropout=0.97))),
    Case(
        SetDropout(0.0),
        lambda d: d(lambda: Functional(often_dropped), optimizer=adam),
    ),
    Case(
        DropoutFollowsMode(),
        lambda d: d(lambda: Functional(dropped, depth=2), optimizer=adam, epochs=12),
        below=0.6,
        above=0.7,
    ),
    Case(SetWeightDecay(0.0), lambda d: d(optimizer=decayed)),
    Case(
        SetLabelSmoothing(0.0),
        lambda d: d(loss_fn=nn.CrossEntropyLoss(label_smoothing=1.0)),
    ),
    Case(StableLoss(), lambda d: d(loss_fn=own_nll, optimizer=of_rate(0.001)), above=0.7),
    Case(Widen(32), lambda d: d(narrow)),
]


def numpy_state() -> list[int]:
    return np.random.get_state()[1].tolist()  # noqa: NPY002


@pytest.fixture(params=CASES, ids=repr)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.mark.filterwarnings("ignore:.*target size.*:UserWarning")
def test_a_program_that_fails_learns_with_its_remedy(
    case: Case, on_digits: Digits, reached: Callable[[Program], float]
) -> None:
    before = reached(case.faulty(on_digits))
    after = reached(case.remedy.apply(case.faulty(on_digits)))
    assert before < case.below, "the program is not faulty"
    assert after > case.above


@pytest.mark.filterwarnings("ignore:.*target size.*:UserWarning")
def test_equal_programs_stay_equal(case: Case, on_digits: Digits) -> None:
    first, second = (case.remedy.apply(case.faulty(on_digits)) for _ in range(2))
    states = [program.model.state_dict() for program in (first, second)]
    assert list(states[0]) == list(states[1])
    for one, other in zip(states[0].values(), states[1].values(), strict=True):
        assert torch.equal(one.nan_to_num(), other.nan_to_num())


@pytest.mark.filterwarnings("ignore:.*target size.*:UserWarning")
def test_no_global_random_state_moves(case: Case, on_digits: Digits) -> None:
    program = case.faulty(on_digits)
    states = torch.get_rng_state(), numpy_state(), random.getstate()
    case.remedy.apply(program)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == numpy_state()
    assert states[2] == random.getstate()


def test_its_repr_is_code_for_an_equal_remedy(case: Case) -> None:
    names = {name: getattr(remedies, name) for name in remedies.__all__}
    assert eval(repr(case.remedy), names) == case.remedy


def test_it_says_what_changes_in_a_sentence(case: Case) -> None:
    sentence = case.remedy.describe()
    assert sentence[0].isupper()
    assert sentence.endswith(".")


def test_it_is_a_remedy(case: Case) -> None:
    assert isinstance(case.remedy, Remedy)
