"""Where labels are wrong, the network of the best validation beats that of the last step."""

from matplotlib.figure import Figure

from headway.jobs import evaluate
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Arms, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, draw_seeds, label
from headway.lab.sets import digits_set
from headway.lab.settings import plain_recipe

NOISE = {"noisy": 0.3, "clean": 0.0}
STEPS = 600
PATIENCE = 10


def _arm(labels: str, patience: int | None = None) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        source = digits_set(
            bench.folder,
            seed=seed,
            train=600,
            val=500,
            test=697,
            noise=NOISE[labels],
            noisy_parts=("train", "val"),
        )
        recipe = plain_recipe(
            source,
            "mlp",
            steps=STEPS,
            batch_size=60,
            lr=0.05,
            options={"hidden": [256, 256]},
            settings={"optimizer.momentum": 0.9, "training.patience": patience},
        )
        trial = bench.train(recipe, seed=seed)
        accuracy = {
            weights: 100 * evaluate(trial.run.folder, weights=weights).values["accuracy"]
            for weights in ("best", "last")
        }
        val = trial.curve.val["accuracy"]
        return {
            "steps": trial.curve.eval_steps,
            "train_error": [100 - 100 * value for value in trial.curve.train["accuracy"]],
            "val_error": [100 - 100 * value for value in val],
            "best_step": trial.curve.eval_steps[val.index(max(val))],
            "test": accuracy,
        }

    return arm


def _gained(arms: Arms, labels: str) -> float:
    return arms[labels]["test"]["best"] - arms[labels]["test"]["last"]


def _plot(figure: Figure, results: Results) -> None:
    plots = figure.subplots(1, 2, sharey=True)
    for axes, labels, title in (
        (plots[0], "noisy", "30 % of the labels wrong"),
        (plots[1], "clean", "all labels right"),
    ):
        for part, name, color in (
            ("train", "training", COLORS[0]),
            ("val", "validation", COLORS[1]),
        ):
            errors = results.values(labels, f"{part}_error")
            draw_seeds(axes, results.first(labels)["steps"], errors, color=color, name=name)
        for number, arms in enumerate(results.by_seed.values()):
            best = arms[labels]["best_step"]
            shown = "best validation" if number == 0 else None
            axes.axvline(best, color="black", ls=":", lw=1, label=shown)
        best, last = (
            sum(arms[labels]["test"][which] for arms in results.by_seed.values())
            / len(results.by_seed)
            for which in ("best", "last")
        )
        text = f"test accuracy\nbest validation {best:.1f} %\nlast step {last:.1f} %"
        axes.text(0.97, 0.97, text, transform=axes.transAxes, ha="right", va="top")
        label(axes, "step", "", title)
    plots[0].set_ylim(0, 100)
    plots[0].set_ylabel("error (%)")
    plots[0].legend(loc=(0.45, 0.06))


EXPERIMENT = Experiment(
    name="early-stopping",
    claim=(
        "Training on, the validation error rises again, and the network of its lowest point "
        "is the better one."
    ),
    source='Prechelt, "Early Stopping, but when?", 1998, figure 1',
    arms={
        "noisy": _arm("noisy"),
        "clean": _arm("clean"),
        "patience": _arm("noisy", patience=PATIENCE),
    },
    requirements=(
        Requirement(
            text="with 30 % wrong labels, test accuracy at the best validation is over 2 "
            "points above that of the last step",
            value=lambda arms: _gained(arms, "noisy"),
            above=2.0,
        ),
        Requirement(
            text="the best validation comes in the first fifth of the training",
            value=lambda arms: arms["noisy"]["best_step"] / STEPS,
            below=0.2,
        ),
        Requirement(
            text="with right labels the best validation gains under 1 point",
            value=lambda arms: _gained(arms, "clean"),
            below=1.0,
            is_control=True,
        ),
        Requirement(
            text=f"a patience of {PATIENCE} evaluations stops before half of the steps",
            value=lambda arms: arms["patience"]["steps"][-1] / STEPS,
            below=0.5,
        ),
        Requirement(
            text="and keeps a network within 1 point of that of the whole training",
            value=lambda arms: (
                arms["noisy"]["test"]["best"] - arms["patience"]["test"]["best"]
            ),
            below=1.0,
        ),
    ),
    plot=_plot,
    note="The labels of the validation part are as wrong as those of the training part.",
)
