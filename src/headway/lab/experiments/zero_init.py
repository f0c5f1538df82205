"""A network whose weights all start at zero learns no more than how often each class occurs."""

import torch
from matplotlib.figure import Figure

from headway.jobs.network import load_network
from headway.lab.arms import trained
from headway.lab.experiment import Arm, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.settings import plain_recipe
from headway.tune import Trial

ZERO, HE = "zeros", "He"


def _measure(trial: Trial) -> Numbers:
    """Return the losses, and the largest magnitude in each parameter after the training."""
    parameters = load_network(
        trial.run, weights="last", device="cpu"
    ).model.named_parameters()
    sizes = {name: float(value.detach().abs().max()) for name, value in parameters}
    return {
        "steps": trial.curve.steps,
        "loss": trial.curve.losses,
        "accuracy": trial.curve.train["accuracy"][-1],
        "weights": [size for name, size in sizes.items() if name.endswith("weight")],
        "biases": [size for name, size in sizes.items() if name.endswith("bias")],
    }


def _arm(num_zero_layers: int) -> Arm:
    recipe = plain_recipe(
        "digits",
        "lab:zeroed_mlp",
        steps=400,
        batch_size=60,
        lr=0.1,
        options={"hidden": [64, 64], "zero_layers": list(range(num_zero_layers))},
        settings={"training.evaluate_every": 5, "training.report_every": 10},
    )
    return trained(recipe, _measure)


def _plot(figure: Figure, results: Results) -> None:
    left, right = figure.subplots(1, 2)
    for arm, color in ((ZERO, COLORS[1]), (HE, COLORS[0])):
        steps = results.first(arm)["steps"]
        draw_seeds(left, steps, results.values(arm, "loss"), color=color, name=arm)
    label(left, "step", "training loss (nats)", "Training")
    left.legend(title="weights at the start")
    numbers = results.first(ZERO)
    rows = ["weights 1", "biases 1", "weights 2", "biases 2", "weights 3", "biases 3"]
    pairs = zip(numbers["weights"], numbers["biases"], strict=True)
    sizes = [size for pair in pairs for size in pair]
    right.barh(rows, sizes, color=COLORS[1])
    for row, size in enumerate(sizes):
        right.text(size, row, f" {size:.3g}", va="center", fontsize=9)
    right.invert_yaxis()
    right.margins(x=0.2)
    label(right, "largest magnitude after 400 steps", "", "What has moved from zero")


EXPERIMENT = Experiment(
    name="zero-init",
    claim="A ReLU network whose weights are all zero does not learn: no weight ever gets a "
    "gradient, and only the last biases move.",
    source="MIT 6.867, 2017, lecture 11, initialization",
    arms={ZERO: _arm(3), HE: _arm(0)},
    requirements=(
        Requirement(
            text="started at zero, every weight is exactly 0 after 400 steps",
            value=lambda arms: max(arms[ZERO]["weights"]),
            below=torch.finfo(torch.float32).tiny,
        ),
        Requirement(
            text="so is every bias but the last",
            value=lambda arms: max(arms[ZERO]["biases"][:-1]),
            below=torch.finfo(torch.float32).tiny,
        ),
        Requirement(
            text="the last bias has moved by over 0.001",
            value=lambda arms: arms[ZERO]["biases"][-1],
            above=0.001,
        ),
        Requirement(
            text="it gets under 20 % of the training digits right",
            value=lambda arms: arms[ZERO]["accuracy"],
            below=0.2,
        ),
        Requirement(
            text="started by He's rule it gets over 90 % right",
            value=lambda arms: arms[HE]["accuracy"],
            above=0.9,
            is_control=True,
        ),
    ),
    plot=_plot,
)
