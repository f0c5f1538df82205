"""Deep networks that actually train.

    import headway

    result = headway.train("digits")
    print(headway.evaluate(result.folder).values)

The names below are loaded when they are first used, so that importing the package is free.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.doctor import check
    from headway.doctor.fix import fix
    from headway.doctor.watch import watch
    from headway.engine import Callback, Setup, StepReport, Trainer
    from headway.jobs import evaluate, export, predict, resume, train, train_ensemble
    from headway.recipe import Recipe, build, load_recipe

__version__ = "0.1.0"

__all__ = [
    "Callback",
    "Recipe",
    "Setup",
    "StepReport",
    "Trainer",
    "build",
    "check",
    "evaluate",
    "export",
    "fix",
    "load_recipe",
    "predict",
    "resume",
    "train",
    "train_ensemble",
    "watch",
]

_HOME = {
    "Callback": "engine",
    "Recipe": "recipe",
    "Setup": "engine",
    "StepReport": "engine",
    "Trainer": "engine",
    "build": "recipe",
    "check": "doctor",
    "evaluate": "jobs",
    "export": "jobs",
    "fix": "doctor.fix",
    "load_recipe": "recipe",
    "predict": "jobs",
    "resume": "jobs",
    "train": "jobs",
    "train_ensemble": "jobs",
    "watch": "doctor.watch",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'headway' has no attribute {name!r}")
    return getattr(importlib.import_module(f"headway.{_HOME[name]}"), name)
