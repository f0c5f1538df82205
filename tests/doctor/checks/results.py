"""Evidence of programs that got so far, without a training."""

from headway.doctor.evidence import Evidence
from headway.doctor.probes.baselines import Baselines
from headway.doctor.probes.watched import Watched
from headway.doctor.program import Program
from headway.doctor.scoring import Scores
from headway.doctor.training import Evaluation


def course_at(program: Program, train: float, val: float | None = None) -> Watched:
    """Return a whole course that is so often right on seen and on new samples all along."""
    on_train, on_val = (
        Scores(loss=1.0, metric=value, standard=value)
        for value in (train, train if val is None else val)
    )
    evaluations = [
        Evaluation(step=n, epoch=float(n), train=on_train, val=on_val) for n in (0, 500)
    ]
    return Watched(program=program, evaluations=evaluations, steps=500, planned_steps=500)


def with_result(evidence: Evidence, standard: float) -> Evidence:
    """Return the evidence of a program that got so far, where 0.95 needs no network."""
    learned = {"linear": 0.95}
    evidence.baselines = Baselines(dumb=0.5, learned=learned, samples=1000, num_classes=2)
    evidence.course = course_at(evidence.program, standard)
    return evidence
