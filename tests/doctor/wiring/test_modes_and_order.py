import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from headway.doctor.checks import train_eval_mode
from headway.doctor.checks.train_eval_mode import check_train_eval_mode
from headway.doctor.program import usual_step
from headway.doctor.progress import Progress


def normed():
    return nn.Sequential(
        nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 4)
    )


def test_a_model_that_comes_in_evaluation_mode_is_found(program_of, findings):
    first = findings(program_of(lambda: normed().eval()))[0]
    assert (first.cause, first.layer, first.is_certain) == ("train_eval_mode", "1", True)


def test_an_update_that_leaves_evaluation_mode_on_is_found(program_of, findings):
    def step(model, optimizer, loss_fn, x, y):
        loss = usual_step(model, optimizer, loss_fn, x, y)
        model.eval()
        return loss

    first = findings(program_of(normed, step=lambda _: step))[0]
    assert first.cause == "train_eval_mode"
    assert "after the first update" in first.evidence


def test_evaluation_mode_without_such_layers_is_only_told(program_of, examined, network):
    evidence = examined(program_of(lambda: network().eval()))
    (only,) = check_train_eval_mode(evidence)
    assert only.severity == "info"


def test_dropout_that_stays_on_is_found(program_of, findings, network):
    model = program_of(lambda: network(lambda h: F.dropout(h, 0.5)))
    first = findings(model)[0]
    assert (first.cause, first.is_certain) == ("train_eval_mode", True)
    assert "F.dropout(h, 0.5)" in first.evidence


def test_dropout_that_stays_on_may_be_meant_where_the_program_learns_well(
    program_of, examined, network, monkeypatch
):
    fine = Progress(metric=0.9, dumb=0.1, good=0.8, is_known=True, is_complete=True)
    monkeypatch.setattr(train_eval_mode, "progress", lambda evidence: fine)
    evidence = examined(program_of(lambda: network(lambda h: F.dropout(h, 0.5))))
    (only,) = check_train_eval_mode(evidence)
    assert (only.severity, only.is_certain) == ("warning", False)


def test_noise_that_is_no_dropout_may_stay_on(program_of, findings, network):
    model = program_of(lambda: network(lambda h: h + 0.1 * torch.randn_like(h)))
    assert findings(model) == []


@pytest.fixture
def sorted_clusters(clusters):
    inputs, targets = clusters()
    order = targets.argsort()
    return inputs[order], targets[order]


def test_sorted_labels_are_found(program_of, findings, sorted_clusters):
    first = findings(program_of(train=lambda: sorted_clusters, shuffle=False))[0]
    assert (first.cause, first.is_certain) == ("shuffle", True)


def test_sorted_labels_in_a_loader_are_found(program_of, findings, sorted_clusters):
    def loader():
        return DataLoader(TensorDataset(*sorted_clusters), batch_size=32)

    assert findings(program_of(train=loader))[0].cause == "shuffle"


def test_sorted_labels_that_are_shuffled_are_fine(program_of, findings, sorted_clusters):
    assert findings(program_of(train=lambda: sorted_clusters)) == []


def test_the_same_batch_again_and_again_is_found(program_of, findings, clusters):
    inputs, targets = clusters()
    batches = [[inputs[:32], targets[:32]]] * 8
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=32)

    class Stuck:
        dataset = loader.dataset

        def __iter__(self):
            return iter(batches)

        def __len__(self):
            return 8

    first = findings(program_of(train=Stuck))[0]
    assert (first.cause, first.is_certain) == ("shuffle", True)
