from headway.lab.verdict import Verdict
from headway.optim import clipper

AT_ONE_RATE = ("unclipped, lr 0.03", "clipped, lr 0.03")


def test_clipping_rescues_a_recurrent_network_that_would_explode(judged):
    verdict, _ = judged("gradient-clipping", arms=AT_ONE_RATE)
    assert verdict is Verdict.REPRODUCED


def test_clipping_that_does_nothing_turns_the_verdict(judged, monkeypatch):
    def measure_only(parameters, *, max_norm):
        return clipper.gradient_norm(parameters)

    monkeypatch.setattr(clipper, "clip_gradients_", measure_only)
    verdict, _ = judged("gradient-clipping", arms=AT_ONE_RATE)
    assert verdict is Verdict.NOT_REPRODUCED
