"""Train a network from data to a run folder, and go on with a run that stopped."""

from collections.abc import Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from headway.data import DataSplits
from headway.doctor.callbacks.trainer import TrainerWatch
from headway.doctor.finding import Finding
from headway.engine import (
    Callback,
    Event,
    Outcome,
    Setup,
    Trainer,
    join,
    leave,
    on_first_process,
)
from headway.errors import CheckpointError, RunError
from headway.jobs.description import check_same_data, describe_run
from headway.jobs.facts import end_facts, start_facts
from headway.jobs.first_check import first_findings
from headway.jobs.places import anchor, without_pretraining
from headway.jobs.predictions import write_predictions
from headway.jobs.reporting import write_page
from headway.measure import multiply_adds
from headway.recipe import (
    Recipe,
    build,
    load_recipe,
    read_data,
    recipe_from_dict,
    recipe_to_dict,
    resolve_recipe,
)
from headway.runs import (
    LayerFile,
    Run,
    RunRecord,
    new_run_folder,
    open_run,
    open_writers,
)
from headway.terminal import Display, make_display


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a training left.

    Attributes:
        folder: The run on disk.
        outcome: How it ended.
        recipe: Every setting as it was used, without "auto".
        setup: The trained model with its data and task.
    """

    folder: Path
    outcome: Outcome
    recipe: Recipe
    setup: Setup


def train(
    data: str | None = None,
    *,
    model: str | None = None,
    recipe: str | Recipe = "default",
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
    display: Display | None = None,
) -> TrainResult:
    """Train a network and keep everything about it in a run folder.

    Args:
        data: Name of a known set or a path; the recipe's own source where None.
        model: Name of a model; the recipe's own where None.
        recipe: Name of a recipe, path of a TOML file, or a recipe.
        overrides: Changes such as "optimizer.lr=0.05".
        out: Run folder; a new one below runs/ where None.
        callbacks: Followers of the run.
        display: What a person sees; chosen by where the output goes where None, and nothing
            for a plain `headway.terminal.Display()`.

    Raises:
        InputError: If data, recipe or model are not as they should be.
        DivergenceError: If the loss is no longer finite.
        Interrupted: If a signal asked to stop; the state is saved.

    Example:
        >>> result = train("digits", overrides=["training.epochs=5"])  # doctest: +SKIP
    """
    chosen = choose_recipe(recipe, data=data, model=model, overrides=overrides)
    with ExitStack() as stack:
        stack.callback(leave)
        job = Job(chosen)
        folder = on_first_process(lambda: new_folder(out, job.recipe))
        return job.run(folder, callbacks, display, resume=False)


def resume(
    run: str | Path,
    *,
    callbacks: Sequence[Callback] = (),
    display: Display | None = None,
) -> TrainResult:
    """Go on with a run that stopped, exactly where its newest whole checkpoint left it.

    Args:
        run: Run folder, or its name below runs/.
        callbacks: Followers of the run.
        display: What a person sees; chosen by where the output goes where None, and nothing
            for a plain `headway.terminal.Display()`.

    Raises:
        RunError: If there is no such run, it is running, or its data has changed.
        CheckpointError: If no whole checkpoint is left.

    Example:
        >>> result = resume("runs/2026-11-21-0912-digits-resnet-20")  # doctest: +SKIP
    """
    found = open_run(run)
    with ExitStack() as stack:
        stack.callback(leave)
        on_first_process(lambda: _check_not_running(found))
        job = Job(resumed_recipe(found))
        check_same_data(found, job.splits)
        return job.run(found.folder, callbacks, display, resume=True)


def choose_recipe(
    recipe: str | Recipe, *, data: str | None, model: str | None, overrides: Sequence[str]
) -> Recipe:
    """Return the recipe that the arguments of `train` describe, with absolute paths."""
    settings: dict[str, Any] = {}
    if data is not None:
        settings["data.source"] = data
    if model is not None:
        settings["model.name"] = model
    return anchor(load_recipe(recipe, overrides=overrides, settings=settings))


def resumed_recipe(run: Run) -> Recipe:
    """Return the recipe to go on with: weights come from its checkpoint where it has one."""
    recipe = recipe_from_dict(run.recipe)
    trained = without_pretraining(recipe, run.folder)
    has_checkpoint = any((run.folder / "checkpoints").glob("step-*"))
    return trained if has_checkpoint else recipe


class Job:
    """Data and Setup of one run, and its way through the Trainer.

    Args:
        recipe: What to train.
        splits: The data, where it has been read already.
    """

    def __init__(self, recipe: Recipe, splits: DataSplits | None = None) -> None:
        self.device, self.shard = join(recipe.machine)
        self.splits = read_data(recipe) if splits is None else splits
        self.setup = build(recipe, self.splits)
        # Before the Trainer changes it: torch cannot count layers that go through oneDNN, and
        # torch 2.11 never compiles a network that was already set to compile when counted.
        info = self.splits.info
        dtype = torch.int64 if info.kind == "tokens" else None
        self.multiply_adds = multiply_adds(self.setup.model, info.input_shape, dtype)
        self.recipe = replace(
            resolve_recipe(recipe, self.splits.info),
            precision=self.setup.options.precision,
            machine=self.setup.options.machine,
        )

    def run(
        self,
        folder: Path,
        callbacks: Sequence[Callback],
        display: Display | None,
        *,
        resume: bool,
    ) -> TrainResult:
        """Train to the end and say so."""
        record = self._record(folder, resume) if self.shard.rank == 0 else None
        with closing(record) if record is not None else nullcontext():
            return self._train(folder, record, callbacks, display, resume=resume)

    def _train(
        self,
        folder: Path,
        record: RunRecord | None,
        callbacks: Sequence[Callback],
        display: Display | None,
        *,
        resume: bool,
    ) -> TrainResult:
        shown = make_display() if display is None else display
        if self.shard.rank != 0:
            shown = Display()
        found = () if resume or record is None else self._first_findings()
        followers = [*callbacks, shown]
        if self.recipe.logging.watch:
            # Before those that it tells, so that they still hear its last words.
            followers.insert(0, self._watch(folder, record, followers.copy()))
        try:
            trainer = self._trainer(folder, record, followers)
        except BaseException:
            if record is not None and not resume:
                record.discard()  # a run that never began is none
            raise
        step = trainer.resume() if resume else 0
        facts = start_facts(
            self.recipe,
            self.splits,
            trainer,
            folder=folder,
            step=step,
            multiply_adds=self.multiply_adds,
        )
        shown.begin(facts)
        for note in self.setup.notes:
            shown.message(note)
        for finding in found:
            shown.message(f"{finding.cause}: {finding.evidence} {finding.remedy}")
            if record is not None:
                record.event("finding", step=step, **asdict(finding))
        outcome = self._outcome(trainer, folder, record)
        if record is not None and self.recipe.logging.predictions:
            write_predictions(folder, self.splits, device=str(trainer.device))
        page = self._write_page(folder, record)
        shown.finish(end_facts(self.recipe, trainer, outcome, folder=folder, report=page))
        return TrainResult(
            folder=folder, outcome=outcome, recipe=self.recipe, setup=self.setup
        )

    def _outcome(self, trainer: Trainer, folder: Path, record: RunRecord | None) -> Outcome:
        try:
            return trainer.run()
        except (CheckpointError, RunError):  # a disk that is full takes no page either
            raise
        except Exception:  # a page shows best how it went wrong
            self._write_page(folder, record)
            raise

    def _write_page(self, folder: Path, record: RunRecord | None) -> Path | None:
        is_wanted = record is not None and self.recipe.logging.report
        return write_page(folder) if is_wanted else None

    def _trainer(
        self, folder: Path, record: RunRecord | None, callbacks: Sequence[Callback]
    ) -> Trainer:
        trackers = self.recipe.logging.trackers if record is not None else ()
        values = recipe_to_dict(self.recipe)
        return Trainer(
            self.setup,
            record=record,
            checkpoints=folder / "checkpoints",
            callbacks=callbacks,
            writers=open_writers(trackers, folder=folder, name=folder.name, recipe=values),
        )

    def _first_findings(self) -> tuple[Finding, ...]:
        if not self.recipe.logging.check:
            return ()
        return first_findings(self.setup, self.multiply_adds)

    def _watch(
        self, folder: Path, record: RunRecord | None, followers: Sequence[Callback]
    ) -> Callback:
        def tell(event: Event) -> None:
            for follower in followers:
                follower.on_event(event)
            if record is not None:
                record.event(event.kind, step=event.step, **event.fields)

        keeps_layers = record is not None and self.recipe.logging.layers
        layers = LayerFile(folder) if keeps_layers else None
        return TrainerWatch(self.setup, on_event=tell, layers=layers)

    def _record(self, folder: Path, resume: bool) -> RunRecord:
        if resume:
            return RunRecord.reopen(folder)
        return RunRecord.create(
            folder,
            recipe=recipe_to_dict(self.recipe),
            environment={
                **describe_run(self.recipe, self.setup, self.splits),
                "multiply_adds": self.multiply_adds,
            },
        )


def new_folder(out: str | Path | None, recipe: Recipe, ending: str = "") -> Path:
    """Return `out`, or a new folder below runs/ that is named by data and model."""
    if out is not None:
        return Path(out)
    file, _, name = recipe.model.name.rpartition(":")
    model = f"{Path(file).stem}-{name}" if file else name
    return new_run_folder("runs", f"{Path(recipe.data.source).stem}-{model}{ending}")


def _check_not_running(run: Run) -> None:
    if run.state == "running":
        raise RunError(
            f"{run.folder} is still being trained by another process; stop it first"
        )
