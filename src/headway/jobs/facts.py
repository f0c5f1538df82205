"""What the terminal shows of a run before and after."""

import platform
from pathlib import Path
from typing import cast

import torch

from headway.data import ArraySplit, DataSplits
from headway.engine import Outcome, Trainer, shard
from headway.measure import num_parameters
from headway.recipe import Recipe
from headway.runs import describe_environment
from headway.tasks import AnyTask
from headway.terminal import EndFacts, StartFacts


def start_facts(
    recipe: Recipe,
    splits: DataSplits,
    trainer: Trainer,
    *,
    folder: Path,
    step: int,
    multiply_adds: int,
) -> StartFacts:
    """Return what is known before the first step."""
    setup = trainer.setup
    task = cast(AnyTask, setup.task)
    return StartFacts(
        run=folder.name,
        folder=str(folder),
        info=splits.info,
        input_note=_input_note(splits),
        recipe=recipe,
        parameters=num_parameters(setup.model),
        multiply_adds=multiply_adds,
        device=_device_note(trainer.device),
        processes=shard().world_size,
        chance=task.chance_level(splits.train.targets),
        total_steps=setup.total_steps,
        resumed_at=step,
    )


def end_facts(
    recipe: Recipe,
    trainer: Trainer,
    outcome: Outcome,
    *,
    folder: Path,
    report: Path | None,
) -> EndFacts:
    """Return what there is to say after the last step."""
    setup = trainer.setup
    confusion = getattr(trainer.judge.best_metrics, "confusion", None)
    return EndFacts(
        outcome=outcome,
        monitor=setup.task.monitor,
        monitor_mode=setup.task.monitor_mode,
        classes=() if setup.info is None else setup.info.classes,
        confusion=None if confusion is None else confusion().tolist(),
        folder=str(folder),
        data=recipe.data.source,
        report=None if report is None else str(report),
    )


def _input_note(splits: DataSplits) -> str:
    info, shape = splits.info, splits.info.input_shape
    if info.task == "language-model":
        return f"windows of {shape[0]} characters, in memory"
    if info.kind == "tokens":
        return f"{shape[0]} symbols, in memory"
    if info.kind == "sequence":
        return f"{shape[0]} steps of {shape[1]} numbers, in memory"
    sizes = (*shape[1:], shape[0]) if len(shape) == 3 else shape
    kept = "in memory" if isinstance(splits.train, ArraySplit) else "streamed from files"
    return f"{'x'.join(map(str, sizes))} {info.dtype}, {kept}"


def _device_note(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    cpu = describe_environment()["cpu"]["model"] or platform.machine()
    return f"cpu ({cpu})"
