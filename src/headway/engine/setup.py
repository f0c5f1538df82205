"""Everything that is being trained, in one place."""

from dataclasses import dataclass, field

from torch import nn
from torch.optim import Optimizer

from headway.data import DataInfo, EvaluationData, TrainingData
from headway.engine.options import Options
from headway.engine.task import Task
from headway.optim import Schedule


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A model, what it learns from and how.

    A recipe builds a Setup, the Trainer advances it, and whatever wants to change an
    experiment turns one Setup into another with `dataclasses.replace`.

    Attributes:
        model: The network; called with the inputs of a batch.
        task: Loss, metrics and prediction.
        train_data: What the network learns from.
        val_data: What the best snapshot is chosen by, or None.
        train_eval_data: Part of the training data that is evaluated like the validation
            data, so that the gap between them is measured fairly, or None.
        optimizer: Optimizer over the parameters of `model`.
        schedule: Learning rate over the steps, as a factor of the optimizer's own.
        total_steps: Optimizer steps of the whole training.
        options: Settings of the engine.
        preprocessing: What turns raw inputs into inputs of the model; saved with it.
        info: Facts about the data, where known.
        notes: What was decided while it was built and is worth keeping, one sentence each.
    """

    model: nn.Module
    task: Task
    train_data: TrainingData
    optimizer: Optimizer
    schedule: Schedule
    total_steps: int
    val_data: EvaluationData | None = None
    train_eval_data: EvaluationData | None = None
    options: Options = field(default_factory=Options)
    preprocessing: nn.Module | None = None
    info: DataInfo | None = None
    notes: tuple[str, ...] = ()
