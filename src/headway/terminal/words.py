"""A run in words: the rows of the start panel and the lines of events."""

import math
from collections.abc import Iterator
from typing import Any

from headway.data import DataInfo
from headway.engine import Event, Training
from headway.recipe import Augmentation, Model, Optimizer, Recipe, Schedule
from headway.terminal.facts import StartFacts
from headway.terminal.numbers import count, metric, percent, plural, short, si
from headway.terminal.progress import batch_size, steps_per_epoch

Rows = list[tuple[str, str]]

_NAMES_LENGTH = 54
_SKIPPED_SHOWN = 3
# Random splits leave the classes a little unequal, which is not worth a second number.
_SAME_LOSS = 0.005
_PREPARED = {
    "pixel-mean": "mean of each pixel removed",
    "channel-mean": "mean of each channel removed",
    "channel-mean-std": "each channel standardized",
    "standardize": "each feature standardized",
    "pca": "whitened by PCA",
    "zca": "whitened by ZCA",
}
_MEMORY = {
    "checkpoint": "every block is recomputed",
    "sqrt": "segments of blocks are recomputed",
}


def start_rows(facts: StartFacts) -> Rows:
    """Return what is about to be trained, as labels and their texts."""
    recipe = facts.recipe
    rows = [
        ("run", _run(facts)),
        ("data", f"{facts.info.name}, {facts.input_note}"),
        *_targets(facts.info),
        ("samples", _samples(facts.info)),
        *_skipped(facts.info.skipped),
        ("model", _model(facts)),
        ("input", _input(recipe)),
        ("optimizer", _optimizer(recipe.optimizer)),
        ("schedule", _schedule(recipe.schedule)),
        ("training", _length(facts)),
        *_extras(recipe.training),
        ("device", _device(facts)),
        ("guessing", _chance(facts)),
    ]
    return [(label, text) for label, text in rows if text]


def event_text(event: Event) -> str:
    """Return what happened in one sentence, or "" for what needs no words."""
    fields, step = event.fields, count(event.step)
    if event.kind == "rollback":
        return (
            f"diverged at step {count(fields['step_of_divergence'])}; going on from step "
            f"{step} with {short(fields['lr_scale'])} times the learning rate. "
            f"{fields['cause']}"
        )
    if event.kind == "out_of_memory":
        return (
            f"out of memory at step {step}: each batch is now cut into "
            f"{count(fields['micro_batches'])} parts; the result stays the same"
        )
    if event.kind == "damaged_checkpoint":
        return f"{fields['problem']}; {fields['used']} is used instead"
    if event.kind == "early_stop":
        stale = plural(fields["evaluations_without_gain"], "evaluation")
        return f"stopped early at step {step}: nothing better in {stale}"
    if event.kind == "diverged":
        return f"diverged at step {count(fields['step_of_divergence'])}"
    if event.kind == "alarm" and fields["severity"] != "info":
        return _alarm_text(event)
    return ""


def _alarm_text(event: Event) -> str:
    fields, step = event.fields, count(event.step)
    name = str(fields["alarm"]).replace("_", " ")
    if fields["is_over"]:
        return f"step {step}: {name} is over"
    where = f" in {fields['layer']}" if fields["layer"] else ""
    return f"step {step}: {name}{where}. {fields['evidence']} {fields['remedy']}"


def augmentation_words(augmentation: Augmentation) -> str:
    """Return what is done to training images.

    Example:
        >>> augmentation_words(Augmentation(flip=True, crop_padding=4, cutout=8))
        'shifted by up to 4 pixels, mirrored, 8x8 cut out'
        >>> augmentation_words(Augmentation(rotation=10.0, mixup=0.2))
        'turned by up to 10°, mixup (0.2)'
    """
    padding, cutout = augmentation.crop_padding, augmentation.cutout
    said: list[str] = []
    if isinstance(padding, int) and padding:
        said.append(f"shifted by up to {plural(padding, 'pixel')}")
    if augmentation.flip is True:
        said.append("mirrored")
    if augmentation.vertical_flip:
        said.append("turned upside down")
    said += _geometry_words(augmentation) + _color_words(augmentation)
    if augmentation.policy != "none":
        said.append(augmentation.policy)
    if cutout:
        said.append(f"{cutout}x{cutout} cut out")
    for name in ("mixup", "cutmix"):
        if getattr(augmentation, name):
            said.append(f"{name} ({short(getattr(augmentation, name))})")
    return ", ".join(said)


def _geometry_words(augmentation: Augmentation) -> list[str]:
    factors = augmentation.scale_crop
    said = {
        f"turned by up to {augmentation.rotation:g}°": augmentation.rotation,
        f"sheared by up to {augmentation.shear:g}°": augmentation.shear,
        f"scaled by up to {percent(augmentation.scale, 0)}": augmentation.scale,
        f"stretched by up to {percent(augmentation.stretch, 0)}": augmentation.stretch,
        f"moved by up to {percent(augmentation.translation, 0)}": augmentation.translation,
        f"lens up to {augmentation.lens:g}": augmentation.lens,
        f"crops of {factors[0]:g} to {factors[1]:g} times the size"
        if factors
        else "": factors,
    }
    return [text for text, is_on in said.items() if is_on]


def _color_words(augmentation: Augmentation) -> list[str]:
    names = ("brightness", "contrast", "saturation", "intensity", "noise")
    said = [
        f"{name} {percent(getattr(augmentation, name), 0)}"
        for name in names
        if getattr(augmentation, name)
    ]
    if augmentation.pca_color:
        said.append(f"principal colors {augmentation.pca_color:g}")
    return said


def names_words(names: tuple[str, ...]) -> str:
    """Return as many names as fit in a line.

    Example:
        >>> names_words(("cat", "dog"))
        'cat, dog'
    """
    shown = ""
    for name in names:
        longer = f"{shown}, {name}" if shown else name
        if len(longer) > _NAMES_LENGTH:
            return f"{shown}, ..." if shown else f"{name[:_NAMES_LENGTH]}..."
        shown = longer
    return shown


def _run(facts: StartFacts) -> str:
    where = facts.folder or "not kept on disk"
    if facts.resumed_at:
        return f"{where}, resumed at step {count(facts.resumed_at)}"
    return where


def _targets(info: DataInfo) -> Rows:
    if info.task == "regression":
        return [("targets", names_words(info.target_names))]
    if info.task == "language-model":
        # Line ends and spaces would not be seen.
        shown = tuple(
            repr(name)[1:-1] if name.strip() else repr(name) for name in info.classes
        )
        return [("characters", f"{count(len(shown))}: {names_words(shown)}")]
    label = "labels" if info.task == "multilabel" else "classes"
    return [(label, f"{count(len(info.classes))}: {names_words(info.classes)}")]


def _samples(info: DataInfo) -> str:
    noun = " windows" if info.task == "language-model" else ""
    parts = [
        f"{count(info.num_train)}{noun} to train",
        f"{count(info.num_val)} to validate",
    ]
    if info.num_test:
        parts.append(f"{count(info.num_test)} held out to test")
    return ", ".join(parts)


def _skipped(skipped: tuple[str, ...]) -> Rows:
    if not skipped:
        return []
    more = len(skipped) - _SKIPPED_SHOWN
    shown = [("", line) for line in skipped[:_SKIPPED_SHOWN]]
    rest = [("", f"and {count(more)} more")] if more > 0 else []
    return [("left out", plural(len(skipped), "sample")), *shown, *rest]


def _model(facts: StartFacts) -> str:
    said = [facts.recipe.model.name, *_options(facts.recipe.model)]
    said.append(f"{si(facts.parameters)} parameters")
    if facts.multiply_adds is not None:
        said.append(f"{si(facts.multiply_adds)} multiply-adds")
    return ", ".join(said)


def _options(model: Model) -> Iterator[str]:
    return (f"{name} {_value(value)}" for name, value in model.options.items())


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "x".join(_value(item) for item in value)
    return short(value) if isinstance(value, float) else str(value)


def _input(recipe: Recipe) -> str:
    prepared = _PREPARED.get(recipe.preprocessing.kind, "")
    return ", ".join(filter(None, [prepared, augmentation_words(recipe.augmentation)]))


def _optimizer(optimizer: Optimizer) -> str:
    said = [optimizer.name, f"lr {_setting(optimizer.lr)}"]
    if optimizer.name in ("sgd", "averaged-momentum", "muon") and optimizer.momentum:
        looks_ahead = optimizer.nesterov and optimizer.name != "averaged-momentum"
        kind = "Nesterov momentum" if looks_ahead else "momentum"
        said.append(f"{kind} {short(optimizer.momentum)}")
    if optimizer.weight_decay:
        said.append(f"weight decay {_setting(optimizer.weight_decay)}")
    return ", ".join(said)


def _setting(value: float | str) -> str:
    return value if isinstance(value, str) else short(value)


def _schedule(schedule: Schedule) -> str:
    said = schedule.name
    if schedule.name == "step":
        steps = ", ".join(count(step) for step in schedule.milestones)
        said = f"times {short(schedule.gamma)} at steps {steps}"
    elif schedule.name == "plateau":
        stale = plural(schedule.plateau_patience, "evaluation")
        said = f"times {short(schedule.gamma)} after {stale} without gain"
    if isinstance(schedule.warmup_steps, int) and schedule.warmup_steps:
        kind = "flat warm-up step" if schedule.warmup_shape == "flat" else "warm-up step"
        said += f" after {plural(schedule.warmup_steps, kind)}"
    return said


def _length(facts: StartFacts) -> str:
    epochs = facts.total_steps / steps_per_epoch(facts)
    shown = (
        plural(round(epochs), "epoch") if epochs.is_integer() else f"{epochs:.1f} epochs"
    )
    batch = plural(batch_size(facts), "sample")
    steps = f"{plural(facts.total_steps, 'step')} of {batch}"
    return f"{shown}, {steps}, seed {facts.recipe.seed}"


def _extras(training: Training) -> Rows:
    """Return what is not the rule, one row for all of it."""
    said = {
        f"{training.accumulate} micro-batches a step": training.accumulate > 1,
        _clipping(training): training.clip_norm or training.clip_mode == "percentile",
        f"gradient values up to {training.clip_value}": training.clip_value,
        f"penalty {training.l1} |w|": training.l1,
        f"penalty {training.l2} w^2": training.l2,
        f"sharpness-aware (rho {training.sam_rho})": training.sam_rho,
        f"averaged weights (decay {training.ema_decay})": training.ema_decay,
        f"weights averaged from {percent(training.swa_start, 0)} on": (
            training.average == "swa"
        ),
        f"stops after {training.patience} evaluations without gain": training.patience,
        _MEMORY.get(training.memory, ""): training.memory in _MEMORY,
        "compiled": training.compile,
    }
    return [("with", ", ".join(text for text, is_on in said.items() if is_on))]


def _clipping(training: Training) -> str:
    norm = training.clip_norm
    words = {
        "norm": f"gradient norm up to {norm}",
        "per-tensor": f"gradient norm of each tensor up to {norm}",
        "normalize": f"gradient norm set to {norm}",
        "percentile": f"gradient norm up to percentile {training.clip_percentile:g} of the "
        f"last {count(training.clip_window)}",
    }
    return words[training.clip_mode]


def _device(facts: StartFacts) -> str:
    recipe = facts.recipe
    said = [facts.device]
    if facts.device.startswith("cpu") and isinstance(recipe.machine.threads, int):
        said.append(plural(recipe.machine.threads, "thread"))
    if facts.processes > 1:
        said.append(f"{facts.processes} processes ({recipe.distributed.strategy})")
    mode = recipe.precision.mode
    said.append("fp32" if mode == "off" else mode)
    if recipe.precision.channels_last is True:
        said.append("channels last")
    return ", ".join(said)


def _chance(facts: StartFacts) -> str:
    return ", ".join(
        _guess(name, value, facts.info) for name, value in facts.chance.items()
    )


def _guess(name: str, value: float, info: DataInfo) -> str:
    if name == "accuracy":
        return f"{name} {percent(value, 1)}"
    number = f"{value:.3f}" if name == "loss" else metric(name, value)
    if name == "loss" and info.task == "classification":
        uniform = math.log(len(info.classes))
        logarithm = f"ln {count(len(info.classes))} = {uniform:.3f}"
        is_uniform = abs(value - uniform) < _SAME_LOSS
        return f"loss {logarithm}" if is_uniform else f"loss {number} ({logarithm})"
    return f"{name} {number}"
