"""Several networks answer better together; by how much is another question."""

from matplotlib.figure import Figure

from headway.jobs import evaluate
from headway.lab.bench import Bench
from headway.lab.experiment import Arm, Experiment, Numbers, Requirement, Results
from headway.lab.pictures import COLORS, label
from headway.lab.sets import digits_set
from headway.lab.settings import plain_recipe

SIZE = 5
CLAIMED = 2.0  # points of accuracy


def _arm(num_train: int, *, same_seed: bool = False) -> Arm:
    def arm(bench: Bench, seed: int) -> Numbers:
        recipe = plain_recipe(
            digits_set(bench.folder, seed=seed, train=num_train, test=1000),
            "mlp",
            steps=300,
            batch_size=50,
            lr=0.1,
            options={"hidden": [64, 64]},
            settings={
                "data.val_fraction": 0.0,
                "optimizer.momentum": 0.9,
                "training.evaluate_every": 100,
            },
        )
        first = SIZE * seed
        runs = [
            bench.train(
                recipe, seed=first if same_seed else first + i, name=f"member-{i}"
            ).run
            for i in range(SIZE)
        ]
        together = evaluate([run.folder for run in runs], weights="last")
        assert together.ensemble is not None
        members = [100 * member.values["accuracy"] for member in together.ensemble.members]
        return {"members": members, "ensemble": 100 * together.values["accuracy"]}

    return arm


def _gain(numbers: Numbers) -> float:
    return numbers["ensemble"] - sum(numbers["members"]) / SIZE


ARMS = {
    "200 images": _arm(200),
    "600 images": _arm(600),
    "200 images, one seed": _arm(200, same_seed=True),
}


def _plot(figure: Figure, results: Results) -> None:
    axes = figure.subplots()
    for group, (arm, color) in enumerate(zip(ARMS, COLORS, strict=False)):
        for place, arms in enumerate(results.by_seed.values()):
            numbers, x = arms[arm], group + (place - 1) * 0.2
            is_first = group == 0 and place == 0
            axes.plot(
                [x] * SIZE,
                numbers["members"],
                "o",
                color=color,
                alpha=0.5,
                label="one network" if is_first else None,
            )
            axes.plot(
                x,
                numbers["ensemble"],
                "D",
                color="black",
                label="all five together" if is_first else None,
            )
        gain = sum(_gain(arms[arm]) for arms in results.by_seed.values())
        text = f"gain {gain / len(results.by_seed):+.2f} points"
        axes.annotate(text, (group, 0.03), xycoords=("data", "axes fraction"), ha="center")
    axes.set_xticks(range(len(ARMS)), list(ARMS))
    axes.set_xlim(-0.5, len(ARMS) - 0.5)
    axes.margins(y=0.2)
    axes.legend()
    title = f"measured gain beside the claimed {CLAIMED:g} points"
    label(axes, "", "test accuracy (%), one column a seed", title)


EXPERIMENT = Experiment(
    name="ensemble",
    claim="The mean answer of about five networks is 2 % better than that of one.",
    source="Li, Adeli and Durante, CS231n, 2024, lecture 6, part 2 (2 % extra performance)",
    arms=ARMS,
    requirements=(
        Requirement(
            text="five networks together are better than their mean member, in each seed",
            value=lambda arms: min(_gain(arms["200 images"]), _gain(arms["600 images"])),
            above=0.0,
        ),
        Requirement(
            text="by 2 points or more, in the mean",
            value=lambda arms: max(_gain(arms["200 images"]), _gain(arms["600 images"])),
            above=CLAIMED,
            where="mean",
        ),
        Requirement(
            text="five trainings from one seed are one network, which gains nothing",
            value=lambda arms: abs(_gain(arms["200 images, one seed"])),
            below=1e-9,
            is_control=True,
        ),
    ),
    plot=_plot,
    note=(
        "An ensemble always helps here, but by less than the claim has it: on easy data the "
        "members agree on nearly everything. The number is not a general one."
    ),
)
