"""The flow probe: numbers in the program's own way, and a program that stays as it was."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.probes.flow import measure_flow, probe_flow, probe_late_flow
from headway.doctor.program import LossFn, Program, seed_all
from headway.doctor.task import TaskFacts


def program(model: nn.Module, **others: Any) -> Program:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(200, 3, generator=generator)
    settings: dict[str, Any] = {
        "model": model,
        "loss_fn": nn.MSELoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        "train": Examples(source=(inputs, inputs.sum(dim=1, keepdim=True)), batch_size=10),
    }
    return Program(**(settings | others))


def mlp() -> nn.Sequential:
    seed_all(0)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


def test_a_program_is_left_as_it_was() -> None:
    subject = program(mlp())
    scheduler = torch.optim.lr_scheduler.StepLR(subject.optimizer, 1)
    subject.update(*subject.train.first(10))
    step = subject.optimizer.step
    before = {name: t.clone() for name, t in subject.model.state_dict().items()}
    momenta = [s["momentum_buffer"].clone() for s in subject.optimizer.state.values()]
    facts = measure_flow(subject, Budget())
    assert facts.num_samples > 10
    after = subject.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    kept = [s["momentum_buffer"] for s in subject.optimizer.state.values()]
    assert all(torch.equal(a, b) for a, b in zip(momenta, kept, strict=True))
    assert subject.optimizer.step == step
    assert scheduler.last_epoch == 0


def test_layers_are_told_apart_by_their_place() -> None:
    facts = measure_flow(program(mlp()), Budget())
    assert [layer.name for layer in facts.layers] == ["0", "1", "2", "3"]
    assert [layer.name for layer in facts.weighted] == ["0", "3"]
    assert [layer.name for layer in facts.hidden_weighted] == ["0"]
    assert [layer.name for layer in facts.hidden_activations] == ["2"]
    assert facts.head is facts.named("3")
    assert all(layer.grad_rms is not None for layer in facts.layers)


def test_a_step_of_its_own_is_taken() -> None:
    seen: list[float] = []

    def step(
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        loss_fn: LossFn,
        inputs: Tensor,
        targets: Tensor,
    ) -> Tensor:
        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = loss_fn(model(100 * inputs), targets)
            loss.backward()
            return loss

        seen.append(float(torch.as_tensor(optimizer.step(closure)).detach()))
        return torch.tensor(seen[-1])

    model = nn.Linear(3, 1)
    facts = measure_flow(program(model, step=step), Budget())
    assert seen
    assert facts.input_rms == pytest.approx(1.0, abs=0.2)
    assert facts.layers[0].input_rms == pytest.approx(100.0, rel=0.2)
    assert facts.layers[0].grad_rms is not None


@pytest.mark.parametrize(
    ("head", "expected"),
    [(nn.Identity, 0.0), (nn.Sigmoid, 0.0), (nn.Tanh, 0.0)],
)
def test_an_affine_network_has_no_curvature(
    head: Callable[[], nn.Module], expected: float
) -> None:
    seed_all(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 1), head())
    facts = measure_flow(program(model), Budget())
    assert facts.curvature == pytest.approx(expected, abs=1e-5)


def test_the_curvature_of_a_square_has_its_closed_form() -> None:
    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(1, 1))

        def forward(self, x: Tensor) -> Tensor:
            return (x @ self.w) ** 2

    # Answers of 0 and 4, and 1 halfway between: 1 away from their mean, 2 from each other's.
    inputs = torch.cat([torch.zeros(64, 1), torch.full((64, 1), 2.0)])
    train = Examples(source=(inputs, inputs), batch_size=8)
    facts = measure_flow(program(Square(), train=train), Budget())
    assert facts.num_samples == 128
    assert facts.curvature == pytest.approx(0.5 * (127 / 128) ** 0.5)


def test_whole_numbers_have_no_curvature_and_no_scale() -> None:
    model = nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(12, 1))
    ids = torch.randint(0, 5, (50, 3), generator=torch.Generator().manual_seed(0))
    train = Examples(source=(ids, ids.float().sum(dim=1, keepdim=True)))
    facts = measure_flow(program(model, train=train), Budget())
    assert facts.curvature != facts.curvature
    assert facts.input_rms != facts.input_rms


def test_one_batch_is_enough_where_there_is_no_time() -> None:
    assert measure_flow(program(mlp()), Budget(0.0)).num_samples == 10


def test_batches_of_an_iterable_are_taken_as_they_are() -> None:
    batches = [(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(3)]
    facts = measure_flow(program(mlp(), train=Examples(source=Batches(batches))), Budget())
    assert facts.num_samples == 4


class Batches:
    """Batches that can be gone through, and no samples by number."""

    def __init__(self, batches: list[Any]) -> None:
        self.batches = batches

    def __iter__(self) -> Any:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def test_late_flow_needs_a_training() -> None:
    evidence = Evidence(
        make=lambda seed: program(mlp()),
        program=program(mlp()),
        task=TaskFacts(kind="values"),
    )
    assert probe_late_flow(evidence, Budget()) is None
    assert len(probe_flow(evidence, Budget()).layers) == 4
