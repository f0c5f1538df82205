"""Records of runs for the tests of the board, written without training anything."""

import base64
import io
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from headway.runs import EnsembleRecord, LayerFile, LayerRow, RunRecord

STEPS = 200
CLASSES = [str(digit) for digit in range(10)]
_ENVIRONMENT = {
    "headway": "0.1.0",
    "python": "3.11.7",
    "platform": "Linux",
    "cpu": {"model": "AMD EPYC", "cores": 2, "usable_cores": 2},
    "packages": {"torch": "2.15.0", "numpy": "2.4.6"},
    "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "is_dirty": True},
    "command": ["headway", "train", "digits"],
    "notes": [],
    "total_steps": STEPS,
    "parameters": 272_186,
    "multiply_adds": 2_570_000,
}


def recipe(**changes: Any) -> dict[str, Any]:
    """Return a recipe with `changes` by their path, such as "optimizer.lr"."""
    tree: dict[str, Any] = {
        "name": "default",
        "seed": 0,
        "data": {"source": "digits", "val_fraction": 0.1},
        "model": {"name": "resnet-20", "initialization": "auto", "options": {}},
        "task": {"kind": "classification", "monitor": "auto"},
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4},
        "schedule": {"name": "cosine", "warmup_steps": 5},
        "training": {"epochs": 5, "batch_size": 32, "accumulate": 1},
        "precision": {"mode": "float32"},
    }
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = tree
        for parent in parents:
            node = node[parent]
        node[last] = value
    return tree


def start_run(
    folder: Path, *, steps: int = STEPS, classes: Sequence[str] = CLASSES, **changes: Any
) -> RunRecord:
    """Begin a run, of this living process."""
    data = {
        "name": "digits",
        "kind": "image",
        "input_shape": [1, 8, 8],
        "task": "classification",
        "classes": list(classes),
        "num_train": 1258,
        "num_val": 180,
        "num_test": 359,
    }
    record = RunRecord.create(
        folder,
        recipe=recipe(**changes),
        environment={**_ENVIRONMENT, "data": data, "total_steps": steps},
    )
    record.event("started", step=0, total_steps=steps, processes=1)
    return record


def log_step(record: RunRecord, step: int, *, loss: float, accuracy: float) -> None:
    """Write a training row and, every 40 steps, an evaluation."""
    values = {"epoch": step / 40, "train/loss": loss, "train/grad_norm": 1.0 + loss}
    record.log(step, {**values, "lr": 0.1 * (1 - step / STEPS), "samples_per_second": 5e3})
    if step % 40 == 0:
        evaluation = {
            "val/loss": loss * 1.2,
            "val/accuracy": accuracy,
            "train_eval/loss": loss,
            "train_eval/accuracy": min(1.0, accuracy * 1.02),
        }
        record.log(step, {"epoch": step / 40, **evaluation})
        if math.isfinite(loss):
            record.event("best", step=step, epoch=step / 40, values=evaluation)


def write_run(
    folder: Path, *, reached: float = 0.95, diverges_at: int | None = None, **changes: Any
) -> None:
    """Write a whole run that ends at an accuracy, or diverges."""
    record = start_run(folder, **changes)
    noise = random.Random(folder.name)
    for step in range(5, STEPS + 1, 5):
        if step == diverges_at:
            record.log(step, {"epoch": step / 40, "train/loss": math.nan})
            record.event("diverged", step=step, reason="the loss is not finite")
            break
        share = 1 - math.exp(-step / 50)
        loss = 2.3 * (1 - 0.95 * share) * noise.uniform(0.9, 1.1)
        log_step(record, step, loss=loss, accuracy=reached * share)
    else:
        record.event("checkpoint", step=STEPS, file="step-000000200.safetensors")
        record.event("finished", step=STEPS, epoch=5.0, values={"val/accuracy": reached})
    record.close()


def write_layers(folder: Path, *, depth: int, samples: int = 20) -> None:
    """Write layers.jsonl of a network of `depth` layers."""
    file = LayerFile(folder)
    for sample in range(1, samples + 1):
        rows = [
            LayerRow(
                name=f"stages.{place // 18}.{place % 18}.conv",
                kind="convolution",
                numbers={
                    "activation_std": 0.5 + place / depth,
                    "dead_fraction": 0.1 * place / depth,
                    "grad_norm": 10.0 ** (-3 * place / depth),
                    "update_ratio": 1e-3 * (1 + sample / samples),
                },
            )
            for place in range(depth)
        ]
        file.append(sample * STEPS // samples, rows)
    file.close()


def write_predictions(folder: Path, *, classes: Sequence[str] = CLASSES) -> None:
    """Write predictions.json with a confusion matrix and mistakes with pictures."""
    size = len(classes)
    confusion = [[17 if i == j else int((i + 1) % size == j) for j in range(size)]
                 for i in range(size)]  # fmt: skip
    mistakes = [
        {
            "index": place,
            "target": place % size,
            "prediction": (place + 1) % size,
            "confidence": 0.9 - place / 40,
            "loss": 3.0 - place / 10,
            "image": _picture_address(place),
            "text": None,
        }
        for place in range(12)
    ]
    content = {
        "part": "val",
        "kind": "classification",
        "step": STEPS,
        "classes": list(classes),
        "num_samples": 18 * size,
        "accuracy": 17 / 18,
        "values": {"loss": 0.2, "accuracy": 17 / 18},
        "confusion": confusion,
        "confusion_classes": list(range(size)),
        "mistakes": mistakes,
        "unsure": mistakes[:3],
    }
    (folder / "predictions.json").write_text(json.dumps(content))


def write_finding(folder: Path, verdict: str, **changes: Any) -> None:
    """Write an experiment of the lab with its picture."""
    folder.mkdir(parents=True)
    held = {"REPRODUCED": True, "NOT REPRODUCED": False, "INCONCLUSIVE": None}.get(verdict)
    values = [] if verdict == "NOT RUN" else [61.4, 68.1, 73.1]
    content = {
        "name": folder.name,
        "title": folder.name,
        "claim": f"What {folder.name} claims.",
        "source": "He et al., 2015, figure 1",
        "note": "",
        "verdict": verdict,
        "error": "",
        "seconds": 54.0 if values else 0.0,
        "seeds": [0, 1, 2] if values else [],
        "requirements": [
            {"text": "shallow ones do train", "is_control": True, "where": "each",
             "is_met": True if values else None, "values": [0.0 for _ in values]},
            {"text": "the deep one is 10 points worse", "is_control": False,
             "where": "mean", "is_met": held, "values": values},
        ],
        "updated": 1795297419.0,
    }  # fmt: skip
    (folder / "finding.json").write_text(json.dumps({**content, **changes}))
    if values:
        (folder / "picture.png").write_bytes(_picture(0, (160, 90)))


def write_tuning(folder: Path) -> None:
    """Write a folder as `headway tune` leaves it, with a diverged trial."""
    points = [(lr, decay) for lr in (0.01, 0.1, 1.0) for decay in (0.0, 1e-5, 1e-4)]
    names = []
    for place, (lr, decay) in enumerate(points):
        names.append(f"coarse-{place:08x}")
        changes = {"optimizer.lr": lr, "optimizer.weight_decay": decay}
        reached = 0.95 - 0.2 * abs(math.log10(lr) + 1) - 1e3 * decay
        is_bad = (lr, decay) == (1.0, 1e-4)
        write_run(
            folder / "trials" / names[-1],
            reached=reached,
            diverges_at=60 if is_bad else None,
            **changes,
        )
    write_run(folder / "trials" / "overfit-0000000a", reached=1.0, **{"optimizer.lr": 0.1})
    decisions: list[dict[str, Any]] = [
        {"step": 1, "name": "initial loss", "is_passed": True, "trials": [],
         "text": "the loss before training is 2.33, and guessing gives 2.303",
         "numbers": {"loss": 2.33, "expected": 2.303, "limit": 7.9}},
        {"step": 2, "name": "overfit a sample", "is_passed": True,
         "text": "160 samples are learned by heart", "trials": ["overfit-0000000a"],
         "numbers": {"samples": 160, "goal": 1.0, "reached": {"0.1": 1.0, "1": "-inf"}}},
        {"step": 4, "name": "coarse grid", "is_passed": True, "trials": names,
         "text": "lr 0.1 with weight decay 0 is the best of 9 after 5 epochs",
         "numbers": {"epochs": 5, "best": {"optimizer.lr": 0.1},
                     "tried": [{"optimizer.lr": lr, "optimizer.weight_decay": decay,
                                "score": 0.9} for lr, decay in points]}},
    ]  # fmt: skip
    text = "".join(json.dumps(decision) + "\n" for decision in decisions)
    (folder / "decisions.jsonl").write_text(text)


def write_ensemble(folder: Path) -> None:
    """Write an ensemble of two members that are done."""
    EnsembleRecord(kind="seeds", size=2, recipe=recipe()).write(folder)
    for number in (1, 2):
        write_run(folder / f"member-{number}", reached=0.9 + number / 100, seed=number)


def write_everything(root: Path) -> None:
    """Write runs of every kind below `root`."""
    write_run(root / "resnet-20-run", reached=0.97)
    write_layers(root / "resnet-20-run", depth=20)
    write_predictions(root / "resnet-20-run")
    write_run(root / "plain-56-run", diverges_at=100, **{"model.name": "plain-56"})
    write_layers(root / "plain-56-run", depth=56, samples=10)
    record = RunRecord.reopen(root / "plain-56-run")
    record.event(
        "finding",
        step=0,
        cause="vanishing gradients",
        severity="warning",
        confidence=0.8,
        evidence="Layer 1 gets 1e-8 of the gradient of the last layer.",
        remedy="Use shortcuts, or He's initialization.",
        layer="stages.0.0.conv",
        check="gradients",
    )
    record.event("diverged", step=100, reason="the loss is not finite")
    record.close()
    for seed in range(3):
        changes = {"seed": seed, "model.name": "mlp"}
        write_run(root / f"mlp-seed-{seed}", reached=0.90 + seed / 100, **changes)
    write_tuning(root / "tuned")
    write_ensemble(root / "ensemble")
    write_finding(root / "lab" / "degradation", "REPRODUCED")
    write_finding(root / "lab" / "smart-relu", "NOT REPRODUCED", note="It fails in depth.")
    write_finding(root / "lab" / "neural-style", "INCONCLUSIVE")
    write_finding(root / "lab" / "cifar-1202", "NOT RUN")


def _picture(place: int, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (40 + 10 * place % 200, 90, 160)).save(buffer, "PNG")
    return buffer.getvalue()


def _picture_address(place: int) -> str:
    return "data:image/png;base64," + base64.b64encode(_picture(place, (8, 8))).decode()
