"""What an arm works with: a place for its runs, and a way to train them."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headway.engine import Callback, Setup
from headway.recipe import Recipe, read_data
from headway.tune import Trial, run_trial


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where one arm runs from one seed.

    Attributes:
        folder: Folder of the experiment; runs and made data lie below it.
        arm: Name of the arm.
        device: Where networks are trained.
    """

    folder: Path
    arm: str
    device: str = "cpu"

    def train(
        self,
        recipe: Recipe,
        *,
        seed: int,
        follow: Callable[[Setup], Sequence[Callback]] | None = None,
        name: str = "",
    ) -> Trial:
        """Train as an ordinary run, or read what came of it before.

        Args:
            recipe: What to train.
            seed: Seed of weights, data order, augmentation and dropout.
            follow: Makes followers that measure while the network trains. What they saw is
                not kept, so such a run is trained anew rather than read.
            name: Tells the runs of one arm and seed apart.
        """
        machine = replace(recipe.machine, device=self.device)
        chosen = replace(recipe, seed=seed, machine=machine)
        words = [self.arm, f"seed-{seed}", *([name] if name else [])]
        ending = "-".join(words)
        folder = self.folder
        if follow is not None:
            folder = self.folder / "followed"
            for old in folder.glob(f"trials/{ending}-????????"):
                shutil.rmtree(old)
        return run_trial(folder, ending, chosen, read_data(chosen), follow=follow)
