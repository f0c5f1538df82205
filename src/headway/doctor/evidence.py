"""All that was measured about one program, section by section."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headway.doctor.program import MakeProgram, Program
from headway.doctor.task import TaskFacts

# The probes take what is defined here.
if TYPE_CHECKING:
    from headway.doctor.probes.ablation import Ablation
    from headway.doctor.probes.baselines import Baselines
    from headway.doctor.probes.confusion import Confusion
    from headway.doctor.probes.contrast import Contrasts
    from headway.doctor.probes.data_facts import DataFacts
    from headway.doctor.probes.eval_noise import EvalNoise
    from headway.doctor.probes.first_batch import FirstBatch
    from headway.doctor.probes.flow import FlowFacts
    from headway.doctor.probes.late_modes import LateModes
    from headway.doctor.probes.lost_numbers import LostNumbers
    from headway.doctor.probes.memory import Memory
    from headway.doctor.probes.other_inputs import OtherInputs
    from headway.doctor.probes.overfit import Overfit
    from headway.doctor.probes.slopes import Slopes
    from headway.doctor.probes.sweep import Sweep
    from headway.doctor.probes.updates import Updates
    from headway.doctor.probes.watched import Watched


@dataclass(frozen=True)
class Budget:
    """How long an examination may take.

    Attributes:
        seconds: All of it.
        begun: When it began, on the clock of `time.perf_counter`.
    """

    seconds: float = 60.0
    begun: float = field(default_factory=time.perf_counter)

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.begun

    @property
    def left(self) -> float:
        """Seconds that are left, at least 0."""
        return max(0.0, self.seconds - self.spent)

    def part(self, fraction: float) -> float:
        """Return a fraction of the whole, but not more than what is left."""
        return min(self.seconds * fraction, self.left)


@dataclass(kw_only=True)
class Evidence:
    """What checks look at. A section is None until its probe ran, and where it could not.

    A check reads sections and yields findings; it never trains or changes anything. Probes
    fill the sections in, in the order of the fields, as far as the budget allows.

    Attributes:
        make: Makes the program from a seed.
        program: One instance, only looked at and never trained.
        task: What the program is trained for.
        forward_seconds: Time of a forward pass for each sample, roughly.
        is_by_sample: Whether the samples of a batch can be told apart, which those of a graph
            cannot.
        data: Facts about inputs and targets (`probes/data_facts.py`).
        first_batch: Forward and backward of one batch before training
            (`probes/first_batch.py`): outputs, loss, gradients.
        updates: What a few of the program's own updates did (`probes/updates.py`): which
            parameters moved, calls of zero_grad, backward and step, flags, order of data.
        flow: Numbers of each layer at the start (`probes/flow.py`).
        baselines: How well programs without a network do (`probes/baselines.py`).
        course: The program's own training, as far as the budget goes
            (`probes/watched.py`), with `late_flow`.
        late_flow: Numbers of each layer at the end of that.
        late_modes: What the training flag changes then (`probes/late_modes.py`).
        memory: How far gradients reach back in sequences (`probes/memory.py`).
        eval_noise: What randomness in evaluation mode costs then (`probes/eval_noise.py`).
        confusion: Which class the network then says for which (`probes/confusion.py`).
        other_inputs: What it makes of validation inputs that are prepared in another way
            (`probes/other_inputs.py`).
        lost: Where a training that diverged lost its numbers (`probes/lost_numbers.py`).
        slopes: Whether the gradient of a program that learns badly is that of its loss
            (`probes/slopes.py`).
        overfit: Whether one batch can be learned by heart (`probes/overfit.py`).
        sweep: Short trainings at several learning rates (`probes/sweep.py`).
        ablation: What the network makes of other inputs (`probes/ablation.py`).
        contrasts: Short trainings with one thing changed (`probes/contrasts.py`).
        notes: What could not be measured and why, one sentence each.
    """

    make: MakeProgram
    program: Program
    task: TaskFacts
    forward_seconds: float = 0.0
    is_by_sample: bool = True
    data: "DataFacts | None" = None
    first_batch: "FirstBatch | None" = None
    updates: "Updates | None" = None
    flow: "FlowFacts | None" = None
    baselines: "Baselines | None" = None
    course: "Watched | None" = None
    late_flow: "FlowFacts | None" = None
    late_modes: "LateModes | None" = None
    memory: "Memory | None" = None
    eval_noise: "EvalNoise | None" = None
    confusion: "Confusion | None" = None
    other_inputs: "OtherInputs | None" = None
    lost: "LostNumbers | None" = None
    slopes: "Slopes | None" = None
    overfit: "Overfit | None" = None
    sweep: "Sweep | None" = None
    ablation: "Ablation | None" = None
    contrasts: "Contrasts | None" = None
    notes: list[str] = field(default_factory=list)

    def why(self, error: Exception) -> str:
        """Return in a few words why something could not be measured."""
        if not self.is_by_sample:
            return "the samples of a batch cannot be told apart"
        first_line = str(error).partition("\n")[0]
        return f"{type(error).__name__}: {first_line}"
