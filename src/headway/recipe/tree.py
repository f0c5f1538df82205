"""The configuration of a run: one frozen tree, each leaf typed and limited."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from headway.engine import Checkpointing, Distributed, Machine, Options, Precision, Training
from headway.engine.options import Above0, Auto, Count, Fraction, Positive

NonNegative = Annotated[float, Meta(ge=0.0)]


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where the data comes from and how it is divided.

    Attributes:
        source: Name of a known set, such as "digits", or a path.
        root: Folder in which known sets lie.
        download: Whether a known set that is absent may be downloaded.
        target: Target column of a table; several separated by commas.
        val_fraction: Part of the training data to choose by, unless the source has its own.
        test_fraction: Part held out for `headway evaluate`, unless the source has its own.
        split_seed: Seed of the division; the same division for every `seed`.
        bad_data: Whether unreadable images are an error or are left out and reported.
        image_size: Side in pixels that images are resized and cropped to, or None.
        channels: 1 makes image files gray, 3 colored; None keeps what they are.
        in_memory: Whether images are decoded once and kept; "auto" does so for small sets.
        workers: Processes that decode images while training; "auto" takes the free cores.
    """

    source: str = "digits"
    root: str = "data"
    download: bool = False
    target: str | None = None
    val_fraction: Fraction = 0.1
    test_fraction: Fraction = 0.2
    split_seed: Count = 0
    bad_data: Literal["error", "skip"] = "error"
    image_size: Positive | None = None
    channels: Literal[1, 3] | None = None
    in_memory: bool | Auto = "auto"
    workers: Count | Auto = "auto"


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """What is computed from the training part and applied to every input.

    Attributes:
        kind: "auto" takes channel-mean-std for images and standardize for tables.
        eps: Added to variances before dividing by their root; for whitening.
    """

    kind: Literal[
        "auto",
        "none",
        "pixel-mean",
        "channel-mean",
        "channel-mean-std",
        "standardize",
        "pca",
        "zca",
    ] = "auto"
    eps: Above0 = 1e-5


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes of training images that keep their label.

    Attributes:
        flip: Whether half of the images are mirrored; "auto" does so for color images only,
            because mirrored digits and letters mean something else.
        crop_padding: Pixels of padding on each side before a random crop to the old size;
            "auto" takes an eighth of the side.
        cutout: Side in pixels of a square that is set to zero; 0 for none.
    """

    flip: bool | Auto = "auto"
    crop_padding: Count | Auto = "auto"
    cutout: Count = 0


@dataclass(frozen=True, kw_only=True)
class Model:
    """The network.

    Attributes:
        name: As `headway models` lists them; "auto" takes resnet-20 for images and mlp for
            tables.
        options: What that model takes besides, such as shortcut = "B".
    """

    name: str = "auto"
    options: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the network is trained for.

    Attributes:
        kind: "auto" takes what the targets are good for.
        label_smoothing: Part of a target's weight that is spread over all classes.
    """

    kind: Literal["auto", "classification", "multilabel", "regression"] = "auto"
    label_smoothing: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How gradients become updates.

    Attributes:
        name: "auto" takes sgd for images and adamw for tables.
        lr: Learning rate; "auto" takes 0.1 for sgd at batch size 128, in proportion to the
            batch size, and 0.001 for adam and adamw.
        momentum: Heavy-ball momentum of sgd.
        nesterov: Whether sgd looks ahead.
        betas: Decay of the averages of adam and adamw.
        eps: Added to the root in adam and adamw.
        weight_decay: Decay of the weights; "auto" takes 5e-4 for sgd and 0.01 for adamw.
        decay_norm_and_bias: Whether norm parameters and biases decay like the other weights.
    """

    name: Literal["auto", "sgd", "adam", "adamw"] = "auto"
    lr: Above0 | Auto = "auto"
    momentum: Fraction = 0.9
    nesterov: bool = True
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    eps: Above0 = 1e-8
    weight_decay: NonNegative | Auto = "auto"
    decay_norm_and_bias: bool = False


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The learning rate over the steps.

    Attributes:
        name: Shape of the curve.
        warmup_steps: Steps over which the learning rate rises linearly to its start;
            "auto" takes 5 % of the training, at most 1,000 steps, for cosine.
        warmup_factor: Where the warm-up begins, as a part of the learning rate.
        milestones: Steps at which "step" multiplies by `gamma`.
        gamma: Factor of "step" and "plateau".
        plateau_patience: Evaluations without gain before "plateau" multiplies by `gamma`.
        final_factor: Where "cosine" ends, as a part of the learning rate.
    """

    name: Literal["constant", "step", "cosine", "one-cycle", "plateau"] = "cosine"
    warmup_steps: Count | Auto = "auto"
    warmup_factor: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.01
    milestones: tuple[Positive, ...] = ()
    gamma: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    plateau_patience: Count = 5
    final_factor: Fraction = 0.0


@dataclass(frozen=True, kw_only=True)
class Logging:
    """Trackers besides the run record.

    Attributes:
        trackers: Any of "tensorboard", "wandb" and "mlflow".
    """

    trackers: tuple[Literal["tensorboard", "wandb", "mlflow"], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a run.

    Attributes:
        name: Name of the recipe it started from.
        seed: Seed of weights, data order, augmentation and dropout.
        data: Source and division.
        preprocessing: What is fitted on the training part.
        augmentation: Random changes of training images.
        model: The network.
        task: What it is trained for.
        optimizer: How gradients become updates.
        schedule: The learning rate over the steps.
        training: Length and manner of training.
        precision: Number format and layout.
        machine: Device, threads and CPU policies.
        checkpointing: When state is saved.
        distributed: How several processes work together.
        logging: Trackers besides the run record.

    Example:
        >>> Recipe(seed=1, optimizer=Optimizer(lr=0.05)).optimizer.lr
        0.05
    """

    name: str = "default"
    seed: Count = 0
    data: Data = field(default_factory=Data)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    augmentation: Augmentation = field(default_factory=Augmentation)
    model: Model = field(default_factory=Model)
    task: Task = field(default_factory=Task)
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: Schedule = field(default_factory=Schedule)
    training: Training = field(default_factory=Training)
    precision: Precision = field(default_factory=Precision)
    machine: Machine = field(default_factory=Machine)
    checkpointing: Checkpointing = field(default_factory=Checkpointing)
    distributed: Distributed = field(default_factory=Distributed)
    logging: Logging = field(default_factory=Logging)

    @property
    def options(self) -> Options:
        """The part that the engine needs."""
        return Options(
            seed=self.seed,
            training=self.training,
            precision=self.precision,
            machine=self.machine,
            checkpointing=self.checkpointing,
            distributed=self.distributed,
        )
