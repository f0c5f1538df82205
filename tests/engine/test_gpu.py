"""Training on a GPU: the same guarantees as on the CPU."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from torch import nn

import headway
from headway.data import Batch
from headway.engine import Callback, Checkpointing, Machine, Trainer
from headway.errors import Interrupted
from headway.jobs.network import load_network
from headway.runs import Run

pytestmark = pytest.mark.gpu

GPU = Machine(device="cuda")
DIGITS = ["training.epochs=15", "machine.device=cuda"]


def learn(folder, *overrides: str) -> float:
    """Train resnet-20 on the digits and return the accuracy on the held-out part."""
    headway.train("digits", model="resnet-20", overrides=[*DIGITS, *overrides], out=folder)
    return headway.evaluate(folder).values["accuracy"]


@pytest.mark.parametrize("mode", ["off", "bf16", "fp16"])
def test_every_precision_learns(tmp_path, mode):
    assert learn(tmp_path / "run", f"precision.mode={mode}") > 0.95


def test_the_default_is_bf16_in_channels_last(tmp_path):
    learn(tmp_path / "run", "training.max_steps=2")

    precision = Run(tmp_path / "run").recipe["precision"]
    assert (precision["mode"], precision["channels_last"]) == ("bf16", True)


def test_a_compiled_network_learns(tmp_path):
    assert learn(tmp_path / "run", "precision.compile=true") > 0.95


@pytest.mark.parametrize("memory", ["checkpoint", "sqrt"])
def test_saved_memory_costs_no_accuracy(tmp_path, memory):
    assert learn(tmp_path / "run", f"training.memory={memory}") > 0.95


def test_a_run_of_the_gpu_predicts_on_the_cpu(tmp_path):
    learn(tmp_path / "run")
    inputs = torch.randint(256, (4, 1, 8, 8), dtype=torch.uint8)

    on_cpu = load_network(Run(tmp_path / "run"), device="cpu").predict(inputs)
    on_gpu = load_network(Run(tmp_path / "run"), device="cuda").predict(inputs)

    torch.testing.assert_close(on_cpu, on_gpu, rtol=0, atol=0.02)


class _StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step
        self.trainer: Trainer | None = None
        self.losses: list[float] = []

    def on_report(self, report) -> None:
        self.losses.append(report.loss)
        if report.step == self.step:
            assert self.trainer is not None
            self.trainer.request_stop(15)


def test_a_resumed_run_ends_with_the_same_bits(make_setup, tmp_path):
    def run(folder, *, stop_at: int = 0, resume: bool = False):
        setup = make_setup(
            machine=replace(GPU, deterministic=True),
            checkpointing=Checkpointing(every_seconds=1e9),
        )
        listener = _StopAt(stop_at)
        trainer = Trainer(setup, checkpoints=folder, callbacks=[listener])
        listener.trainer = trainer
        if resume:
            trainer.resume()
        with suppress(Interrupted):
            trainer.run()
        return setup.model.state_dict(), listener.losses

    whole, losses = run(tmp_path / "whole")
    run(tmp_path / "parts", stop_at=8)
    resumed, last_losses = run(tmp_path / "parts", resume=True)

    assert losses[-len(last_losses) :] == last_losses
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize("precision", ["off", "bf16", "fp16"])
def test_a_step_does_not_wait_for_the_gpu(make_setup, monkeypatch, precision):
    setup = make_setup(machine=GPU, precision=precision, clip_norm=1.0, report_every=100)
    plain = setup.train_data.batches
    modes: list[int] = []

    def watched(epoch: int, start: int = 0) -> Iterator[Batch]:
        for index, batch in enumerate(plain(epoch, start)):
            torch.cuda.set_sync_debug_mode("error" if 2 <= index < 5 else "default")
            yield batch
            # The trainer asks for the next batch when it has done its step with this one.
            modes.append(torch.cuda.get_sync_debug_mode())
        torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(setup.train_data, "batches", watched)
    try:
        Trainer(setup).run()
    finally:
        torch.cuda.set_sync_debug_mode("default")

    error_mode = 2  # as torch numbers it
    assert modes.count(error_mode) == setup.options.training.epochs * 3


class _Kinds(Callback):
    def __init__(self) -> None:
        self.kinds: list[str] = []

    def on_event(self, event) -> None:
        self.kinds.append(event.kind)


def test_a_full_gpu_cuts_the_batch_and_not_the_run(make_setup):
    """Eight samples of 4096 x 4096 pixels keep more than the 3 GiB that are allowed."""
    torch.cuda.empty_cache()
    model = nn.Sequential(
        nn.Upsample(scale_factor=512),
        nn.Conv2d(1, 2, 1),
        nn.Sigmoid(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 4),
    )
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(3 * 2**30 / total)
    events = _Kinds()
    try:
        setup = make_setup(model=model, machine=GPU, epochs=1, max_steps=2)
        Trainer(setup, callbacks=[events]).run()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)

    assert "out_of_memory" in events.kinds
    assert "finished" in events.kinds


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_torchrun_with_nccl_gives_the_losses_of_a_single_process(tmp_path, strategy):
    settings = [
        "machine.device=cuda",
        "machine.deterministic=true",
        "precision.mode=off",
        "training.max_steps=20",
        "training.report_every=5",
        f"distributed.strategy={strategy}",
    ]
    headway.train("digits", model="resnet-20", overrides=settings, out=tmp_path / "alone")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node=1", "-m", "headway", "train", "digits"]
    command += ["--model", "resnet-20", "--out", str(tmp_path / "nccl")]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)

    assert done.returncode == 0, done.stderr[-3000:]
    assert _losses(tmp_path / "nccl") == pytest.approx(
        _losses(tmp_path / "alone"), abs=1e-3
    )


def _losses(run) -> list[float]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [row["train/loss"] for row in map(json.loads, lines) if "train/loss" in row]
