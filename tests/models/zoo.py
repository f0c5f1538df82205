"""A small member of every family, for the tests that all of them have to pass."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headway.models import ModelCard, build_model, list_models
from headway.nn import AuxiliaryOutputs
from headway.tasks import Classification, StepClassification

# Models of others, which have tests of their own.
_FOREIGN = {"FILE.py:FUNCTION", "timm:NAME", "torchvision:NAME"}
# Hundreds of megabytes of weights.
_LARGE = {"alexnet", "alexnet-2012", "vgg-N, vgg-N-bn", "prelu-net-X"}
_RECURRENT = {"rnn", "ugrnn", "gru", "lstm"}
NUM_OUTPUTS = 5


@dataclass(frozen=True)
class Member:
    """A member of a family and the shape of a sample that it takes."""

    family: str
    name: str
    input_shape: tuple[int, ...]

    @property
    def label(self) -> str:
        return f"{self.name} {'x'.join(map(str, self.input_shape))}"

    @property
    def is_large(self) -> bool:
        return self.family in _LARGE

    @property
    def takes_tokens(self) -> bool:
        return self.family in _RECURRENT and len(self.input_shape) == 1

    def build(self) -> nn.Module:
        torch.manual_seed(0)
        return build_model(
            self.name,
            input_shape=self.input_shape,
            num_outputs=NUM_OUTPUTS,
        )

    def inputs(self, count: int, *, seed: int = 0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        shape = (count, *self.input_shape)
        if self.takes_tokens:
            return torch.randint(NUM_OUTPUTS, shape, generator=generator)
        return torch.randn(shape, generator=generator)

    def loss(self, outputs: Any) -> Tensor:
        """Return the loss of the task that a network for such inputs is trained for."""
        if self.takes_tokens:
            targets = torch.arange(len(outputs)) % NUM_OUTPUTS
            steps = targets[:, None].expand(-1, *self.input_shape)
            return StepClassification(NUM_OUTPUTS).loss(outputs, steps)
        logits = outputs.outputs if isinstance(outputs, AuxiliaryOutputs) else outputs
        targets = torch.arange(len(logits)) % NUM_OUTPUTS
        return Classification(NUM_OUTPUTS).loss(outputs, targets)


# Where the example of the card is too deep for a test, or takes no image of 32x32 pixels.
_CHOSEN = {
    "plain-N": ("plain-8", (3, 16, 16)),
    "resnet-N": ("resnet-8", (3, 16, 16)),
    "preresnet-N": ("preresnet-8", (3, 16, 16)),
    "wide-resnet-N-K": ("wide-resnet-10-1", (3, 16, 16)),
    "fixup-resnet-N": ("fixup-resnet-8", (3, 16, 16)),
    "revnet-N": ("revnet-14", (3, 16, 16)),
    "vanilla-cnn-N": ("vanilla-cnn-10", (3, 16, 16)),
    "lenet-5": ("lenet-5", (1, 28, 28)),
    "alexnet": ("alexnet", (3, 64, 64)),
    "alexnet-2012": ("alexnet-2012", (3, 64, 64)),
    "vgg-N, vgg-N-bn": ("vgg-11-bn", (3, 32, 32)),
    "imagenet-plain-N": ("imagenet-plain-18", (3, 32, 32)),
    "imagenet-resnet-N": ("imagenet-resnet-50", (3, 32, 32)),
}


_CHOSEN |= {name: (name, (12, 3)) for name in _RECURRENT}


def _member(card: ModelCard) -> Member:
    name, shape = _CHOSEN.get(card.family, (card.name, (3, 32, 32)))
    return Member(card.family, name, shape)


MEMBERS = [_member(card) for card in list_models() if card.family not in _FOREIGN]
MEMBERS += [Member(name, name, (12,)) for name in sorted(_RECURRENT)]
