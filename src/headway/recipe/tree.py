"""The configuration of a run: one frozen tree, each leaf typed and limited."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from headway.engine import Checkpointing, Distributed, Machine, Options, Precision, Training
from headway.engine.options import Above0, Auto, Count, Fraction, NonNegative, Positive
from headway.nn import Scheme
from headway.optim import ScheduleName

Factor = Annotated[float, Meta(ge=1.0)]
Initialization = Literal["auto", "lsuv", "krahenbuhl", Scheme]
PolicyName = Literal[
    "none",
    "autoaugment-cifar10",
    "autoaugment-imagenet",
    "autoaugment-svhn",
    "randaugment",
    "trivialaugment",
]


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where the data comes from and how it is divided.

    Attributes:
        source: Name of a known set, such as "digits", a path, or "text:" and the path of a
            text.
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
        window: Characters of a text that a network reads from an empty memory on.
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
    window: Positive = 128


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """What is computed from the training part and applied to every input.

    Attributes:
        kind: "auto" takes channel-mean-std for images, standardize for tables and none for
            texts and sequences.
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
    """Random changes of training images that keep their label, and blends that mix labels.

    Attributes:
        flip: Whether half of the images are mirrored; "auto" does so for color images only,
            because mirrored digits and letters mean something else.
        crop_padding: Pixels of padding on each side before a random crop to the old size;
            "auto" takes an eighth of the side.
        cutout: Side in pixels of a square that is set to zero; 0 for none.
        vertical_flip: Whether half of the images are turned upside down.
        rotation: Largest angle to either side, in degrees.
        shear: Largest angle to either side, in degrees, of rows and of columns.
        scale: Largest change of size: s takes factors from 1 / (1 + s) to 1 + s.
        stretch: Largest change of width against height, likewise.
        translation: Largest shift to any side, as a part of the side.
        lens: Largest strength of a lens distortion, barrel or pincushion.
        scale_crop: Smallest and largest factor by which an image is enlarged before a crop
            of the old size is taken at a random place; [1.143, 2.143] is a short side in
            [256, 480] for crops of 224.
        brightness: Largest change of the factor of all values.
        contrast: Largest change of the factor of the distance from the mean gray.
        saturation: Largest change of the factor of the distance from gray.
        intensity: Largest shift of all values, as a part of their range.
        pca_color: Standard deviation of an offset along the principal colors of the training
            part; 0.1 in AlexNet.
        noise: Standard deviation of normal noise, as a part of the range.
        policy: Operations drawn from a published set; AutoAugment by what it learned on.
        rand_operations: Operations of "randaugment" for each image.
        rand_magnitude: Their strength.
        mixup: Alpha of mixup, which blends images and their labels; 0 for none.
        cutmix: Alpha of CutMix, which pastes a part of another image; 0 for none. With both,
            each image takes one of the two.
    """

    flip: bool | Auto = "auto"
    crop_padding: Count | Auto = "auto"
    cutout: Count = 0
    vertical_flip: bool = False
    rotation: Annotated[float, Meta(ge=0.0, le=180.0)] = 0.0
    shear: Annotated[float, Meta(ge=0.0, le=80.0)] = 0.0
    scale: NonNegative = 0.0
    stretch: NonNegative = 0.0
    translation: Fraction = 0.0
    lens: Annotated[float, Meta(ge=0.0, le=0.3)] = 0.0
    scale_crop: tuple[Factor, Factor] | None = None
    brightness: Fraction = 0.0
    contrast: Fraction = 0.0
    saturation: Fraction = 0.0
    intensity: Fraction = 0.0
    pca_color: NonNegative = 0.0
    noise: Fraction = 0.0
    policy: PolicyName = "none"
    rand_operations: Positive = 2
    rand_magnitude: Annotated[int, Meta(ge=0, le=30)] = 9
    mixup: NonNegative = 0.0
    cutmix: NonNegative = 0.0


@dataclass(frozen=True, kw_only=True)
class Model:
    """The network.

    Attributes:
        name: As `headway models` lists them; "auto" takes resnet-20 for images, mlp for
            tables and gru for texts and sequences.
        options: What that model takes besides, such as shortcut = "B".
        init_from: Run whose weights the network starts from; a layer of another shape, such
            as the last one for other classes, starts anew. None starts all of it anew.
        initialization: Other first weights for its linear and convolutional layers, see
            `headway.nn.initialize_`; "lsuv" and "krahenbuhl" look at a batch. "auto" keeps
            the model's own.
        train_last: Layers with weights that learn, counted from the output; 1 is the last
            one alone. The others keep their weights and statistics. None trains all.
    """

    name: str = "auto"
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    init_from: str | None = None
    initialization: Initialization = "auto"
    train_last: Positive | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the network is trained for.

    Attributes:
        kind: "auto" takes what the targets are good for.
        label_smoothing: Part of a target's weight that is spread over all classes.
        loss: What classification learns by; "hinge" asks for a margin of 1 between the
            right class and every other. Evaluations report the cross-entropy either way.
        monitor: Metric by which the best snapshot is chosen, the patience counts and plateaus
            are found, such as "loss" or "accuracy"; "auto" takes the task's own.
    """

    kind: Literal[
        "auto",
        "classification",
        "multilabel",
        "regression",
        "language-model",
        "step-classification",
    ] = "auto"
    label_smoothing: Fraction = 0.0
    loss: Literal["cross-entropy", "hinge"] = "cross-entropy"
    monitor: str = "auto"


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How gradients become updates.

    Attributes:
        name: "auto" takes sgd for images, adamw for tables and adam for texts and
            sequences. "averaged-momentum" is sgd with steps 1 - momentum as long; "muon"
            orthogonalizes the momentum of hidden matrices and kernels and leaves the rest
            to adamw.
        lr: Learning rate; "auto" takes 0.1 for sgd at batch size 128, in proportion to the
            batch size, what comes to the same for averaged-momentum, 0.01 for muon, and
            0.001 for the others, 0.002 for texts and sequences.
        momentum: Heavy-ball momentum of sgd, weight of the old average in averaged-momentum
            and muon.
        nesterov: Whether sgd and muon look ahead.
        betas: Decay of the averages of adam, adamw and muon's adamw.
        eps: Added to the root in adam, adamw and muon's adamw.
        weight_decay: Decay of the weights; "auto" takes 5e-4 for sgd and averaged-momentum,
            and 0.01 for adamw and muon.
        decay_norm_and_bias: Whether norm parameters and biases decay like the other weights.
    """

    name: Literal["auto", "sgd", "averaged-momentum", "adam", "adamw", "muon"] = "auto"
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
        warmup_steps: Steps over which the learning rate rises to its start; "auto" takes
            5 % of the training, at most 1,000 steps, for all but constant, step, one-cycle
            and plateau, which have none.
        warmup_factor: Where the warm-up begins, as a part of the learning rate.
        warmup_shape: "linear" rises in a straight line; "flat" stays where it began and
            jumps, as He et al. (2015) do for ResNet-110 with 400 steps at 0.1.
        milestones: Steps at which "step" multiplies by `gamma`.
        gamma: Factor of "step" and "plateau".
        plateau_patience: Evaluations without gain before "plateau" multiplies by `gamma`.
        final_factor: Where "linear", "polynomial", "exponential", "cosine",
            "cosine-restarts" and "wsd" end, as a part of the learning rate; "exponential"
            needs one above 0.
        power: Exponent of "polynomial".
        cycle_steps: Steps of the first cycle of "cosine-restarts"; "auto" lets the third
            cycle end with the training.
        cycle_multiplier: How many times as long each cycle is as the one before.
        decay_fraction: Part of the training in which "wsd" (warm-up, stable, decay) goes
            down.
    """

    name: ScheduleName = "cosine"
    warmup_steps: Count | Auto = "auto"
    warmup_factor: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.01
    warmup_shape: Literal["linear", "flat"] = "linear"
    milestones: tuple[Positive, ...] = ()
    gamma: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    plateau_patience: Count = 5
    final_factor: Fraction = 0.0
    power: Above0 = 2.0
    cycle_steps: Positive | Auto = "auto"
    cycle_multiplier: Positive = 2
    decay_fraction: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.2


@dataclass(frozen=True, kw_only=True)
class Logging:
    """The doctor before and during the training, and trackers besides the run record.

    Attributes:
        trackers: Any of "tensorboard", "wandb" and "mlflow".
        check: Whether one batch is looked at before a run begins, and what is certainly wrong
            is said; for networks of up to 1e9 multiply-adds a sample.
        watch: Whether losses, layers and updates are watched, with alarms where the training
            goes wrong.
        layers: Whether the numbers of the layers that the watch sees are kept in the run
            folder, a few megabytes at most but for the deepest networks.
        predictions: Whether the best network is asked about the validation part at the end,
            and its worst mistakes are kept in the run folder, with their images.
        report: Whether the run is written as one page when it ends, report.html in its folder.
    """

    trackers: tuple[Literal["tensorboard", "wandb", "mlflow"], ...] = ()
    check: bool = True
    watch: bool = True
    layers: bool = True
    predictions: bool = True
    report: bool = True


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
        logging: The watch, what is kept for pictures, and trackers.

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
