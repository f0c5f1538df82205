"""Recipes by name: each a function that returns a whole configuration."""

from headway.errors import RecipeError, did_you_mean
from headway.recipe.tree import (
    Augmentation,
    Data,
    Model,
    Optimizer,
    Preprocessing,
    Recipe,
    Schedule,
    Training,
)


def default() -> Recipe:
    """Return strong defaults for a good result: everything "auto", long enough to converge."""
    return Recipe(name="default")


def fast() -> Recipe:
    """Return a short training that gives most of the quality: few epochs, one-cycle rate."""
    return Recipe(
        name="fast",
        schedule=Schedule(name="one-cycle", warmup_steps=0),
    )


def he2015_cifar() -> Recipe:
    """Return the settings of the paper for CIFAR-10: 64,000 steps at batch 128.

    45,000 images to train and 5,000 to choose by, the per-pixel mean removed, padding by 4 and
    mirroring, momentum 0.9 in its heavy-ball form, weight decay 1e-4 on every parameter, the
    learning rate 0.1 divided by 10 after 32,000 and 48,000 steps, and no warm-up (the paper
    warms up the 110-layer network alone).

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2.
        arXiv:1512.03385.
    """
    return Recipe(
        name="he2015-cifar",
        data=Data(source="cifar10", val_fraction=0.1),
        preprocessing=Preprocessing(kind="pixel-mean"),
        augmentation=Augmentation(flip=True, crop_padding=4),
        model=Model(name="resnet-20", options={"shortcut": "A"}),
        optimizer=Optimizer(
            name="sgd",
            lr=0.1,
            momentum=0.9,
            nesterov=False,
            weight_decay=1e-4,
            decay_norm_and_bias=True,
        ),
        schedule=Schedule(
            name="step", milestones=(32_000, 48_000), gamma=0.1, warmup_steps=0
        ),
        training=Training(epochs=183, max_steps=64_000, batch_size=128),
    )


def very_deep() -> Recipe:
    """Return settings that train a thousand layers on a small machine; made for the digits.

    resnet-1202 in the memory of about fifty layers: blocks that start at zero, so that the
    network starts shallow and needs no warm-up at a smaller rate, stochastic depth that leaves
    out a quarter of the blocks and of the time, and activations that are computed again.

    Reference:
        Huang et al., "Deep Networks with Stochastic Depth", 2016, section 4.
        arXiv:1603.09382; Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.1.
        arXiv:1706.02677; Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.
        arXiv:1604.06174.
    """
    return Recipe(
        name="very-deep",
        model=Model(
            name="resnet-1202",
            options={"final_survival": 0.5, "zero_init_residual": True},
        ),
        optimizer=Optimizer(name="sgd", lr=0.05),
        training=Training(epochs=16, batch_size=64, memory="sqrt"),
    )


RECIPES = {
    "default": default,
    "fast": fast,
    "he2015-cifar": he2015_cifar,
    "very-deep": very_deep,
}


def named_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises:
        RecipeError: If there is no such recipe.

    Example:
        >>> named_recipe("he2015-cifar").training.max_steps
        64000
    """
    if name not in RECIPES:
        raise RecipeError(
            f"unknown recipe {name!r}.{did_you_mean(name, RECIPES)} "
            f"Known: {', '.join(RECIPES)}, or a TOML file"
        )
    return RECIPES[name]()
