"""Evolved images, and some that are no fooling because they are digits."""

import pytest
import torch

from headway.lab import Verdict
from headway.lab.experiments import fooling_images


@pytest.mark.slow
def test_a_search_that_starts_from_digits_is_found(judged, monkeypatch):
    def digits(count, generator):
        chosen = fooling_images._digits("train")
        return chosen[:count]

    monkeypatch.setattr(fooling_images, "_noise", digits)
    monkeypatch.setattr(fooling_images, "GENERATIONS", 40)
    verdict, checks = judged("fooling-images", seeds=[0])
    assert verdict is not Verdict.REPRODUCED
    assert max(checks[-1].values) < 1.0


def test_mutation_changes_a_tenth_of_the_pixels_mostly_by_little():
    generator = torch.Generator().manual_seed(0)
    images = torch.full((1000, 1, 8, 8), 127.0)
    change = (fooling_images._mutate(images, generator) - images).abs()
    assert float((change > 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert float(change[change > 0].mean()) == pytest.approx(255 / 17, rel=0.05)
