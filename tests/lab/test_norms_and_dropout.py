"""The experiments on batch norm, dropout and shortcuts, whole and with a broken block."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from headway.lab import Verdict, load_experiment
from headway.lab.bench import Bench
from headway.lab.experiments import batch_norm, shortcuts
from headway.nn import ShortcutA, VanillaDropout


def one_arm(name, arm, tmp_path):
    bench = Bench(folder=tmp_path, arm=arm)
    return load_experiment(name).arms[arm](bench, 0)


def without_gamma(self, x):
    return F.batch_norm(
        x, self.running_mean, self.running_var, training=self.training, eps=self.eps
    )


def without_scaling(self, x):
    return x * torch.bernoulli(torch.full_like(x, 1 - self.p)) if self.training else x


def no_shortcut(self, x):
    x = x[:, :, :: self.stride, :: self.stride]
    return torch.zeros_like(F.pad(x, (0, 0, 0, 0, 0, self.new_channels)))


@pytest.mark.slow
def test_dropout_is_an_average_of_all_networks_in_every_seed(judged):
    verdict, _ = judged("dropout-networks")
    assert verdict == Verdict.REPRODUCED


def test_dropout_that_does_not_scale_is_not_their_average(judged, monkeypatch):
    monkeypatch.setattr(nn.Dropout, "forward", without_scaling)
    verdict, _ = judged("dropout-networks", seeds=(0,))
    assert verdict == Verdict.NOT_REPRODUCED


def test_both_forms_of_dropout_keep_the_mean(tmp_path):
    assert one_arm("dropout", "exact", tmp_path)["mean_error"] < 1e-12


@pytest.mark.parametrize("layer", [nn.Dropout, VanillaDropout], ids=["inverted", "vanilla"])
def test_a_form_of_dropout_that_does_not_scale_is_found(layer, tmp_path, monkeypatch):
    wrong = without_scaling if layer is nn.Dropout else lambda self, x: x
    monkeypatch.setattr(layer, "forward", wrong)
    assert one_arm("dropout", "exact", tmp_path)["mean_error"] > 0.1


@pytest.mark.slow
def test_dropout_that_does_not_scale_is_not_reproduced(judged, monkeypatch):
    monkeypatch.setattr(nn.Dropout, "forward", without_scaling)
    verdict, _ = judged("dropout", seeds=(0,))
    assert verdict == Verdict.NOT_REPRODUCED


def test_scale_and_shift_can_undo_the_norm(tmp_path):
    assert one_arm("batch-norm", "undone", tmp_path)["error"] < 1e-9


@pytest.mark.slow
def test_batch_norm_without_gamma_is_not_reproduced(judged, monkeypatch):
    monkeypatch.setattr(nn.BatchNorm1d, "forward", without_gamma)
    verdict, checks = judged("batch-norm", seeds=(0,))
    assert verdict == Verdict.NOT_REPRODUCED
    assert any(c.is_met is False and "undo" in c.requirement.text for c in checks)


def test_a_unit_that_does_not_move_does_not_drift():
    values = torch.tensor([[0.0], [1.0], [2.0]]).expand(5, 3, 4)
    assert batch_norm._drift(values) == 0.0


def test_drift_is_measured_in_widths():
    start, end = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[3.0], [4.0], [5.0]])
    assert batch_norm._drift(torch.stack([start, end])) == pytest.approx(1.5)


def test_option_a_is_its_formula_and_the_counts_are_those_of_the_paper(tmp_path):
    counts = one_arm("shortcuts", "counts", tmp_path)
    assert one_arm("shortcuts", "formula", tmp_path)["error"] == 0.0
    assert shortcuts._wrong_count({"counts": counts}) < 0.01


@pytest.mark.slow
def test_a_shortcut_that_passes_nothing_on_is_not_reproduced(judged, monkeypatch):
    monkeypatch.setattr(ShortcutA, "forward", no_shortcut)
    verdict, checks = judged("shortcuts", seeds=(0,))
    assert verdict == Verdict.NOT_REPRODUCED
    assert [c.is_met for c in checks[:2]] == [False, False]
