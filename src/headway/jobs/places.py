"""Where a recipe finds its data and its code, whatever folder it is used from later."""

from dataclasses import replace
from pathlib import Path

from headway.errors import RunError
from headway.recipe import Recipe
from headway.runs import open_run


def anchor(recipe: Recipe) -> Recipe:
    """Make the paths in a recipe absolute, so that a run can go on from another folder."""
    data = recipe.data
    # The file of a text comes after the kind of its source.
    prefix = "text:" if data.source.startswith("text:") else ""
    source = Path(data.source.removeprefix(prefix)).expanduser()
    if source.exists() and data.source not in ("digits",):
        data = replace(data, source=f"{prefix}{source.resolve()}")
    data = replace(data, root=str(Path(data.root).expanduser().resolve()))
    file, _, function = recipe.model.name.rpartition(":")
    model = recipe.model
    if file.endswith(".py") and Path(file).exists():
        model = replace(model, name=f"{Path(file).expanduser().resolve()}:{function}")
    if model.init_from is not None:
        model = replace(model, init_from=str(open_run(model.init_from).folder.resolve()))
    return replace(recipe, data=data, model=model)


def without_pretraining(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe of the run in `folder` for a model whose weights come from that run.

    Raises:
        RunError: If the model's code lies in the run folder: reading a run never runs code
            that came with it.
    """
    name, options = recipe.model.name, dict(recipe.model.options)
    file = name.rpartition(":")[0]
    if file.endswith(".py") and Path(file).resolve().is_relative_to(folder.resolve()):
        raise RunError(
            f"{folder} names {file} as its model, which lies inside the run itself; code that "
            "comes with a run is not executed. Move the file elsewhere if you trust it"
        )
    if options.get("pretrained"):
        options["pretrained"] = False
    return replace(recipe, model=replace(recipe.model, options=options, init_from=None))
