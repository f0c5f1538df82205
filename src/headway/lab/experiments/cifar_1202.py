"""A network of 1202 layers trains like one of 110, and generalizes no better."""

from matplotlib.figure import Figure

from headway.lab.arms import errors, trained
from headway.lab.experiment import Experiment, Requirement, Results
from headway.lab.experiments.cifar_degradation import recipe_of
from headway.lab.pictures import COLORS, draw_seeds, label

NETWORKS = ("resnet-110", "resnet-1202")


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    for arm, color in zip(NETWORKS, COLORS, strict=False):
        steps = results.first(arm)["steps"]
        for part, line in (("val_error", "-"), ("train_error", "--")):
            name = arm if line == "-" else ""
            curves = results.values(arm, part)
            draw_seeds(axes, steps, curves, color=color, name=name, line=line)
    axes.set_ylim(0, 20)
    axes.legend()
    label(axes, "step", "error (%), dashed: training")


EXPERIMENT = Experiment(
    name="cifar-1202",
    claim="A residual network of 1202 layers is trained without difficulty, but overfits.",
    source='He et al., "Deep Residual Learning", 2015, figure 6 and section 4.2',
    arms={name: trained(recipe_of(name), errors) for name in NETWORKS},
    requirements=(
        Requirement(
            text="its training error ends below 0.5 %",
            value=lambda arms: arms["resnet-1202"]["train_error"][-1],
            below=0.5,
        ),
        Requirement(
            text="its validation error is above that of resnet-110",
            value=lambda arms: (
                arms["resnet-1202"]["val_error"][-1] - arms["resnet-110"]["val_error"][-1]
            ),
            above=0.0,
        ),
    ),
    plot=_plot,
    scale="full",
    note=(
        "Needs the data set cifar10 and a GPU with 16 GB or `training.memory`: about a day. "
        "The paper reports test errors of 7.93 % and 6.43 %."
    ),
)
