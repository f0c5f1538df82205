"""Classes that a loss takes for its blank, or leaves out."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.checks.label_encoding import check_label_encoding
from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.inference import infer_task
from headway.doctor.probes.first_batch import probe_first_batch
from headway.doctor.program import Program, seed_all
from headway.doctor.task import TaskFacts

NUM_CLASSES = 4


class Reader(nn.Module):
    """Reads sequences of twelve steps."""

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, num_outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def _numbers(lowest: int, padding: int) -> Tensor:
    """Numbers of two to four classes from `lowest` on."""
    draws = torch.Generator().manual_seed(0)
    numbers = torch.randint(lowest, lowest + NUM_CLASSES, (64, 4), generator=draws)
    lengths = torch.randint(2, 5, (64, 1), generator=draws)
    return numbers.where(torch.arange(4) < lengths, padding)


def _read(blank: int, padding: int, *, is_flat: bool = False):
    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        lengths = (targets != padding).sum(1)
        steps = torch.full((len(outputs),), outputs.shape[1])
        words = targets[targets != padding] if is_flat else targets.clamp(min=0)
        logs = F.log_softmax(outputs, 2).transpose(0, 1)
        if is_flat:
            return nn.CTCLoss(blank)(logs, words, steps.tolist(), lengths.tolist())
        return F.ctc_loss(logs, words, steps, lengths, blank=blank)

    return loss


def _causes(targets: Tensor, loss_fn) -> list[str]:
    def make(seed: int) -> Program:
        seed_all(seed)
        model = Reader(NUM_CLASSES + 1)
        return Program(
            model=model,
            loss_fn=loss_fn,
            optimizer=torch.optim.Adam(model.parameters()),
            train=Examples(source=(torch.randn(64, 12, 3), targets), batch_size=32),
            seed=seed,
        )

    evidence = Evidence(make=make, program=make(0), task=TaskFacts(kind="unknown"))
    evidence.first_batch = probe_first_batch(evidence, Budget())
    return [found.cause for found in check_label_encoding(evidence) if found.is_certain]


@pytest.mark.parametrize("is_flat", [False, True])
@pytest.mark.parametrize(("lowest", "blank"), [(0, 0), (1, NUM_CLASSES)])
def test_a_class_that_is_the_blank_of_ctc_is_a_fault_of_labels(lowest, blank, is_flat):
    loss_fn = _read(blank, -1, is_flat=is_flat)
    assert _causes(_numbers(lowest, -1), loss_fn) == ["label_encoding"]


@pytest.mark.parametrize("is_flat", [False, True])
@pytest.mark.parametrize(("lowest", "blank", "padding"), [(1, 0, 0), (0, NUM_CLASSES, -1)])
def test_a_blank_of_its_own_is_none_and_may_be_the_padding(lowest, blank, padding, is_flat):
    assert not _causes(_numbers(lowest, padding), _read(blank, padding, is_flat=is_flat))


def _right(logits: Tensor, targets: Tensor) -> float:
    return float((logits.argmax(-1) == targets).float().mean())


def _right_of_counted(logits: Tensor, targets: Tensor) -> float:
    return float((logits.argmax(-1) == targets)[targets != 0].float().mean())


def _of_classes(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=0)


def _labels(*shape: int) -> Tensor:
    return torch.randint(NUM_CLASSES, shape, generator=torch.Generator().manual_seed(0))


def _padded() -> Tensor:
    lengths = torch.arange(64)[:, None] % 12 + 1
    return (_labels(64, 12).clamp(min=1)).where(torch.arange(12) < lengths, 0)


def _ignored(targets: Tensor, metric) -> list[str]:
    x = torch.randn(*targets.shape, 3)

    def make(seed: int) -> Program:
        seed_all(seed)
        model = Reader(NUM_CLASSES)
        return Program(
            model=model,
            loss_fn=_of_classes,
            optimizer=torch.optim.Adam(model.parameters()),
            train=Examples(source=(x, targets), batch_size=32),
            metric=metric,
            seed=seed,
        )

    program = make(0)
    outputs = program.model(x).detach()
    task = infer_task(x, outputs, targets, program.loss_fn, metric)
    evidence = Evidence(make=make, program=program, task=task)
    evidence.first_batch = probe_first_batch(evidence, Budget())
    return [found.cause for found in check_label_encoding(evidence) if found.is_certain]


@pytest.mark.parametrize("shape", [(64,), (64, 12)])
def test_a_class_that_the_loss_ignores_and_the_metric_counts_is_a_fault(shape):
    assert _ignored(_labels(*shape), _right) == ["label_encoding"]


@pytest.mark.parametrize("shape", [(64,), (64, 12)])
def test_what_loss_and_metric_ignore_is_none(shape):
    assert not _ignored(_labels(*shape), _right_of_counted)


@pytest.mark.parametrize("metric", [_right, _right_of_counted])
def test_padding_that_the_loss_ignores_is_none(metric):
    assert not _ignored(_padded(), metric)
