"""One-hot targets that were viewed instead of permuted."""

import torch
from torch.nn import functional

from headway.doctor.probes.viewed import viewed_classes


def one_hot(*shape: int, classes: int = 3) -> torch.Tensor:
    ids = torch.randint(classes, shape, generator=torch.Generator().manual_seed(0))
    return functional.one_hot(ids, classes).float()


def test_masks_viewed_with_their_classes_in_front_are_told():
    masks = one_hot(4, 8, 6)
    assert viewed_classes(masks.view(4, 3, 8, 6)) == 3
    assert viewed_classes(masks.permute(0, 3, 1, 2).contiguous()) == 0
    assert viewed_classes(masks) == 0


def test_sequences_viewed_with_their_classes_last_are_told():
    answers = one_hot(4, 20, classes=5).transpose(1, 2).contiguous()
    assert viewed_classes(answers.view(4, 20, 5)) == 5
    assert viewed_classes(answers) == 0


def test_probabilities_of_classes_are_told_as_well():
    shares = torch.rand(4, 8, 8, 3, generator=torch.Generator().manual_seed(0)).softmax(-1)
    assert viewed_classes(shares.view(4, 3, 8, 8)) == 3


def test_several_answers_of_yes_or_no_at_each_place_are_not_viewed():
    bits = torch.rand(4, 3, 8, 6, generator=torch.Generator().manual_seed(0)) > 0.5
    assert viewed_classes(bits) == 0
    assert viewed_classes(torch.zeros(4, 3, 8, 8)) == 0
    assert viewed_classes(torch.ones(4, 1, 8, 8)) == 0
    assert viewed_classes(torch.rand(4, 3)) == 0
