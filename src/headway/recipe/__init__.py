"""The configuration of a run, and how it becomes a Setup."""

from headway.recipe.build import build, read_data, source_options
from headway.recipe.convert import recipe_from_dict, recipe_to_dict, recipe_to_toml
from headway.recipe.load import load_recipe
from headway.recipe.named import named_recipe
from headway.recipe.resolve import resolve_recipe
from headway.recipe.transfer import Transfer, Weights, run_weights, start_from_
from headway.recipe.tree import (
    Augmentation,
    Data,
    Logging,
    Model,
    Optimizer,
    Preprocessing,
    Recipe,
    Schedule,
    Task,
)

__all__ = [
    "Augmentation",
    "Data",
    "Logging",
    "Model",
    "Optimizer",
    "Preprocessing",
    "Recipe",
    "Schedule",
    "Task",
    "Transfer",
    "Weights",
    "build",
    "load_recipe",
    "named_recipe",
    "read_data",
    "recipe_from_dict",
    "recipe_to_dict",
    "recipe_to_toml",
    "resolve_recipe",
    "run_weights",
    "source_options",
    "start_from_",
]
