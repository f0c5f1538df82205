"""Steps 1 and 2: what is wrong before a training begins."""

import math
from dataclasses import replace

import torch

from headway.data import DataSplits, epoch_order
from headway.engine import Training
from headway.recipe import Augmentation, Recipe, Schedule, build, resolve_recipe
from headway.tasks import Classification, MultiLabel, StepClassification
from headway.tune.bench import Bench
from headway.tune.decisions import Decision

_BATCHES = 5
_STEPS = 200
_RATES = (1e-1, 1e-2, 1e-3)
# A loss this many times that of guessing, and one more, is not what good weights start from.
_FAR = 3.0
# "Right" for a regression: what is left of the variance is below this.
_R2 = 0.99
# The first steps of a sequence are anyone's guess.
_STEP_ACCURACY = 0.9


def check_initial_loss(bench: Bench) -> Decision:
    """Step 1: the loss before training, without weight decay, is about that of guessing.

    That is ln(classes) for softmax, ln 2 for yes-or-no questions and 1, the variance of the
    standardized targets, in regression.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters".
    """
    loss, expected = initial_loss(bench), expected_loss(bench)
    limit = _FAR * expected + 1.0
    numbers = {"loss": loss, "expected": expected, "limit": limit}
    text = f"the loss before training is {loss:.4g}, and guessing gives {expected:.4g}"
    if not loss <= limit:  # NaN too
        text += (
            ": the initial weights are too large for this network, or its inputs are far "
            "from unit scale; check the model's initialisation and preprocessing.kind"
        )
    return Decision(
        step=1, name="initial loss", is_passed=loss <= limit, text=text, numbers=numbers
    )


@torch.no_grad()
def initial_loss(bench: Bench) -> float:
    """Return the mean loss of fresh weights over a few batches, in training mode."""
    setup = build(without_regularization(bench.recipe), bench.splits)
    setup.model.train()
    losses: list[float] = []
    for batch, _ in zip(setup.train_data.batches(0), range(_BATCHES), strict=False):
        losses.append(float(setup.task.loss(setup.model(batch.inputs), batch.targets)))
    return math.fsum(losses) / len(losses)


def expected_loss(bench: Bench) -> float:
    """Return the loss of a network that has no idea."""
    task = bench.task
    if isinstance(task, Classification | StepClassification):
        return math.log(task.num_classes)
    return math.log(2.0) if isinstance(task, MultiLabel) else 1.0


def overfit_sample(bench: Bench) -> Decision:
    """Step 2: a few batches can be learned by heart, to 100 % training accuracy.

    Without augmentation, weight decay and label smoothing, at the recipe's learning rate and
    then at others, until one of them does it. What cannot learn a few samples will not learn
    many.

    Reference:
        Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2, "Choosing Hyperparameters".
    """
    sample = _sample(bench)
    name, goal = _goal(bench)
    reached: dict[float, float] = {}
    trials: list[str] = []
    for lr in dict.fromkeys((bench.lr, *_RATES)):
        trial = bench.trial("overfit", _overfitting(bench, lr), sample)
        trials.append(trial.run.name)
        reached[lr] = max(trial.curve.val.get(name, ()), default=-math.inf)
        if reached[lr] >= goal:
            break
    best_lr, best = max(reached.items(), key=lambda pair: pair[1])
    is_passed = best >= goal
    count = len(sample.train)
    text = f"{count} samples are learned by heart: training {name} {best:.4g} at lr {best_lr:g}"
    if not is_passed:
        tried = ", ".join(f"{lr:g}" for lr in reached)
        text = (
            f"not even {count} samples are learned by heart: training {name} is {best:.4g} "
            f"after {_STEPS} steps at the best of lr {tried}. A loss that does not move means "
            "a bad initialisation or a network without gradients; one that explodes, "
            "weights or inputs that are too large"
        )
    by_rate = {f"{lr:g}": value for lr, value in reached.items()}
    numbers = {"samples": count, "metric": name, "goal": goal, "reached": by_rate}
    return Decision(
        step=2,
        name="overfit a sample",
        is_passed=is_passed,
        text=text,
        numbers=numbers,
        trials=tuple(trials),
    )


def without_regularization(recipe: Recipe) -> Recipe:
    """Return the recipe without weight decay, augmentation and label smoothing."""
    return replace(
        recipe,
        augmentation=Augmentation(flip=False, crop_padding=0),
        optimizer=replace(recipe.optimizer, weight_decay=0.0),
        task=replace(recipe.task, label_smoothing=0.0),
        training=replace(recipe.training, l1=Training().l1, l2=Training().l2),
    )


def _overfitting(bench: Bench, lr: float) -> Recipe:
    recipe = without_regularization(bench.recipe)
    return replace(
        recipe,
        optimizer=replace(recipe.optimizer, lr=lr),
        schedule=Schedule(name="constant", warmup_steps=0),
        training=replace(
            recipe.training,
            epochs=_STEPS // _BATCHES,
            max_steps=_STEPS,
            evaluate_every=_STEPS // _BATCHES // 4,
            patience=None,
        ),
    )


def _sample(bench: Bench) -> DataSplits:
    """Return a few batches of the training part, to learn from and to be asked about."""
    train = bench.splits.train
    batch_size = int(resolve_recipe(bench.recipe, bench.splits.info).training.batch_size)
    count = min(len(train), _BATCHES * batch_size)
    few = train.select(epoch_order(bench.recipe.seed, 0, len(train))[:count])
    info = replace(bench.splits.info, num_train=count, num_val=count, num_test=0)
    return replace(bench.splits, train=few, val=few, test=None, info=info)


def _goal(bench: Bench) -> tuple[str, float]:
    """Return the metric that says "by heart", and from where on."""
    if isinstance(bench.task, StepClassification):
        return "accuracy", _STEP_ACCURACY
    if isinstance(bench.task, Classification):
        return "accuracy", 1.0
    return ("exact_match", 1.0) if isinstance(bench.task, MultiLabel) else ("r2", _R2)
