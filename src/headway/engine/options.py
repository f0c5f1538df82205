"""Settings of the engine: frozen, typed, the same objects that a recipe holds."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0.0, lt=1.0)]
NonNegative = Annotated[float, Meta(ge=0.0)]
Seconds = Annotated[float, Meta(gt=0.0)]
Above0 = Annotated[float, Meta(gt=0.0)]
Auto = Literal["auto"]


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long and in which way the network is trained.

    Attributes:
        epochs: Passes over the training data; "auto" chooses from its size.
        max_steps: Upper limit of optimizer steps, or None.
        batch_size: Samples of one optimizer step over all processes; "auto" takes up to 128,
            and fewer for sets so small that an epoch would have under 32 steps.
        accumulate: Micro-batches that one batch is cut into to save memory.
        clip_mode: What clipping bounds: "norm" the norm of the whole gradient, "per-tensor"
            that of each tensor; "normalize" scales the whole gradient to that norm, also
            where it is shorter; "percentile" bounds it by a percentile of the norms before.
        clip_norm: The norm that `clip_mode` speaks of, or None for no clipping; "percentile"
            takes none. For texts and sequences, None in the mode "norm" becomes 1: a very
            large number switches it off.
        clip_percentile: Percentile of recent gradient norms that bounds the next one.
        clip_window: Steps that "percentile" looks back.
        clip_value: Largest magnitude of a gradient element, or None.
        l1: Strength of the penalty sum(|w|) on the weights; norms and biases are left out.
            The losses that are reported do not contain penalties.
        l2: Strength of the penalty sum(w**2), whose gradient is 2 l2 w; unlike the weight
            decay of sgd it is clipped with the rest, and Adam scales it.
        sam_rho: Distance at which sharpness-aware minimization takes the gradient, with two
            passes a step, or None; 0.05 is usual.
        average: Which average of the weights is evaluated and kept: "ema" an exponential
            moving one, "swa" an equal one over the last part of the training; "auto" takes
            ema where `ema_decay` is given, and none otherwise.
        ema_decay: Decay of "ema"; None takes 0.999.
        swa_start: Part of the training after which "swa" begins.
        swa_every: Steps between the weights that "swa" averages; "auto" takes an epoch.
        evaluate_every: Epochs between evaluations.
        patience: Evaluations without a better result after which training stops, or None.
        memory: "store" keeps every activation; "checkpoint" recomputes each block in the
            backward pass; "sqrt" recomputes segments of about sqrt(number of blocks) blocks.
        compile: Whether the model runs through torch.compile.
        report_every: Optimizer steps between reports; losses stay on the device in between.
        max_rollbacks: How often a diverged run goes back to its last checkpoint.
        rollback_lr_factor: What the learning rate is multiplied by after going back.
    """

    epochs: Positive | Auto = "auto"
    max_steps: Positive | None = None
    batch_size: Positive | Auto = "auto"
    accumulate: Positive = 1
    clip_mode: Literal["norm", "per-tensor", "normalize", "percentile"] = "norm"
    clip_norm: Above0 | None = None
    clip_percentile: Annotated[float, Meta(gt=0.0, le=100.0)] = 10.0
    clip_window: Positive = 1000
    clip_value: Above0 | None = None
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
    sam_rho: Above0 | None = None
    average: Literal["auto", "none", "ema", "swa"] = "auto"
    ema_decay: Fraction | None = None
    swa_start: Fraction = 0.75
    swa_every: Positive | Auto = "auto"
    evaluate_every: Positive = 1
    patience: Positive | None = None
    memory: Literal["store", "checkpoint", "sqrt"] = "store"
    compile: bool = False
    report_every: Positive = 20
    max_rollbacks: Count = 0
    rollback_lr_factor: Fraction = 0.5


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Number format and memory layout of the forward and backward pass.

    Attributes:
        mode: "off" computes in float32; "bf16" and "fp16" under autocast, fp16 with a loss
            scaler; "auto" takes bf16 where the device computes it natively.
        channels_last: Whether images are laid out channel by channel for each pixel.
    """

    mode: Literal["auto", "off", "bf16", "fp16"] = "auto"
    channels_last: bool | Auto = "auto"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the run takes from the machine.

    Attributes:
        device: "auto", "cpu", "cuda" or "cuda:1".
        threads: CPU threads of one process; "auto" counts the cores that are free.
        allocator: Whether glibc keeps freed memory instead of giving it back (Linux).
        fused_optimizer: Whether torch's fused optimizer step is used where there is one.
        onednn_linear: Whether float32 linear layers go through oneDNN on AMD processors.
        deterministic: Whether torch refuses algorithms that give varying results.
    """

    device: str = "auto"
    threads: Positive | Auto = "auto"
    allocator: bool = True
    fused_optimizer: bool = True
    onednn_linear: bool | Auto = "auto"
    deterministic: bool = False


@dataclass(frozen=True, kw_only=True)
class Checkpointing:
    """When the state of a run is saved.

    Attributes:
        every_seconds: Seconds between checkpoints; a checkpoint waits for the next report.
        every_steps: Optimizer steps between checkpoints, or None to go by time alone.
        keep: Newest checkpoints that are kept.
    """

    every_seconds: Seconds = 30.0
    every_steps: Positive | None = None
    keep: Positive = 2


@dataclass(frozen=True, kw_only=True)
class Distributed:
    """How the processes that torchrun starts work together.

    Attributes:
        strategy: "ddp" keeps the whole model in each process, "fsdp" one shard of it.
        sync_batch_norm: Whether batch-norm statistics are those of the global batch, which
            makes the result independent of the number of processes.
    """

    strategy: Literal["ddp", "fsdp"] = "ddp"
    sync_batch_norm: bool = True


@dataclass(frozen=True, kw_only=True)
class Options:
    """All settings of the engine.

    Attributes:
        seed: Seed of weights, data order, augmentation and dropout.
        training: Length and manner of training.
        precision: Number format and layout.
        machine: Device, threads and CPU policies.
        checkpointing: When state is saved.
        distributed: How processes work together.
    """

    seed: Count = 0
    training: Training = field(default_factory=Training)
    precision: Precision = field(default_factory=Precision)
    machine: Machine = field(default_factory=Machine)
    checkpointing: Checkpointing = field(default_factory=Checkpointing)
    distributed: Distributed = field(default_factory=Distributed)
