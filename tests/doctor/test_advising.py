from collections.abc import Callable

from headway.doctor.advising import advise
from headway.doctor.evidence import Budget
from headway.doctor.program import MakeProgram
from headway.doctor.remedies.batches import Shuffle
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.rates import ClipGradients, SetLearningRate
from headway.doctor.remedies.regularization import SetWeightDecay
from headway.doctor.workbench import Workbench

MakeMake = Callable[..., MakeProgram]
HARMLESS, HARMFUL = (ClipGradients(100.0),), (SetLearningRate(lr=1e-6),)


def test_a_cure_that_costs_nothing_is_harmless_and_one_that_costs_is_not(digits: MakeMake):
    first, second = advise(Workbench(digits()), [HARMFUL, HARMLESS], ())
    assert (first.remedies, first.is_harmless) == (HARMFUL, False)
    assert first.after < 0.5 < first.before
    assert (second.remedies, second.is_harmless) == (HARMLESS, True)


def test_what_is_kept_already_is_not_advised(digits: MakeMake):
    bench = Workbench(digits())
    assert advise(bench, [HARMLESS], HARMLESS) == []
    # The same fault, cured in another way.
    assert advise(bench, [(SetWeightDecay(0.1),)], (SetWeightDecay(0.0),)) == []


def test_what_could_not_be_tried_is_advised_but_not_made(digits: MakeMake):
    (advice,) = advise(Workbench(digits(), budget=Budget(0.0)), [HARMLESS], ())
    assert not advice.is_harmless
    (unfit,) = advise(Workbench(digits()), [(Shuffle(),)], (StandardizeInput(),))
    assert not unfit.is_harmless
