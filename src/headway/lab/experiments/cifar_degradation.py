"""Degradation and its cure in the setting of the paper: CIFAR-10, 64,000 steps."""

from matplotlib.figure import Figure

from headway.lab.arms import errors, trained
from headway.lab.experiment import Arms, Experiment, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.recipe import Recipe, load_recipe

DEPTHS = {"plain": (20, 32, 44, 56), "resnet": (20, 32, 44, 56, 110)}
# The paper's 110 layers do not begin to learn at 0.1; 400 steps at 0.01 get them there.
_WARM_UP = {
    "schedule.warmup_steps": 400,
    "schedule.warmup_factor": 0.1,
    "schedule.warmup_shape": "flat",
}


def recipe_of(model: str) -> Recipe:
    """Return the settings of the paper for one of its networks."""
    settings = {"model.name": model, **(_WARM_UP if model == "resnet-110" else {})}
    return load_recipe("he2015-cifar", settings=settings)


def _last(arms: Arms, arm: str, part: str = "train_error") -> float:
    return arms[arm][part][-1]


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    for axes, (kind, depths) in zip(plots, DEPTHS.items(), strict=True):
        for depth, color in zip(depths, COLORS, strict=False):
            arm = f"{kind}-{depth}"
            steps = results.first(arm)["steps"]
            for part, line in (("val_error", "-"), ("train_error", "--")):
                name = f"{depth} layers" if line == "-" else ""
                curves = results.values(arm, part)
                draw_seeds(axes, steps, curves, color=color, name=name, line=line)
        axes.legend()
        label(axes, "step", "error (%), dashed: training", f"{kind} networks")
    plots[0].set_ylim(0, 20)


EXPERIMENT = Experiment(
    name="cifar-degradation",
    claim="On CIFAR-10 plain networks train worse with depth, residual ones better.",
    source='He et al., "Deep Residual Learning", 2015, figure 6 and table 6',
    arms={
        f"{kind}-{depth}": trained(recipe_of(f"{kind}-{depth}"), errors)
        for kind, depths in DEPTHS.items()
        for depth in depths
    },
    requirements=(
        Requirement(
            text="the training error of plain-56 is above that of plain-20",
            value=lambda arms: _last(arms, "plain-56") - _last(arms, "plain-20"),
            above=0.0,
            is_control=True,
        ),
        Requirement(
            text="that of resnet-56 is below that of resnet-20",
            value=lambda arms: _last(arms, "resnet-56") - _last(arms, "resnet-20"),
            below=0.0,
        ),
        Requirement(
            text="the validation error of resnet-110 is below that of resnet-20",
            value=lambda arms: (
                _last(arms, "resnet-110", "val_error")
                - _last(arms, "resnet-20", "val_error")
            ),
            below=0.0,
        ),
    ),
    plot=_plot,
    scale="full",
    note=(
        "Needs the data set cifar10 and a GPU: about an hour for each network and seed. The "
        "paper reports errors on the test images: 8.75 % for 20 layers to 6.43 % for 110."
    ),
)
